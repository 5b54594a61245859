import { expect, test } from 'vitest';
import { decideRemovals } from './clean-up.ts';

const ready = (...ids: string[]) => ids.map((version_id) => ({ version_id, status: 'ready' as const }));

test('the newest stay, the active and the used ones whatever their age', () => {
  const versions = ready('v9', 'v8', 'v7', 'v6', 'v5', 'v4');
  expect(decideRemovals(versions, { active: 'v9', inUse: new Set(), keep: 3 })).toEqual(['v6', 'v5', 'v4']);
  expect(decideRemovals(versions, { active: 'v4', inUse: new Set(['v5']), keep: 3 })).toEqual(['v6']);
  expect(decideRemovals(versions, { active: null, inUse: new Set(), keep: 0 })).toHaveLength(6);
});

test('failed versions take no place from those that can serve, and removed ones are not removed again', () => {
  const versions = [
    { version_id: 'f2', status: 'failed' as const },
    ...ready('v2', 'v1'),
    { version_id: 'r', status: 'removed' as const },
    { version_id: 'n', status: 'registered' as const },
  ];
  expect(decideRemovals(versions, { active: 'v2', inUse: new Set(), keep: 2 })).toEqual(['f2', 'n']);
});
