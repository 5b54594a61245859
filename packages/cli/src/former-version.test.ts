import { expect, test } from 'vitest';
import { formerVersion } from './former-version.ts';
import type { VersionView } from './former-version.ts';

/** Newest first, as the server lists them; `served`: the minute at which it came to serve last. */
const version = (name: string, served: number | null, rest: Partial<VersionView> = {}): VersionView => ({
  version: name,
  status: 'ready',
  is_active: false,
  error: null,
  created_at: '2026-01-01T00:00:00.000Z',
  activated_at: served === null ? null : new Date(served * 60_000).toISOString(),
  ...rest,
});
const active = { is_active: true };

test.each([
  ['the one before', [version('c', 3, active), version('b', 2), version('a', 1)], 'b'],
  ['the newer one, where old content was pushed again', [version('b', 2), version('a', 3, active)], 'b'],
  ['none that never served', [version('c', 3, active), version('b', null), version('a', 1)], 'a'],
  [
    'none that failed or is gone',
    [version('c', 3, active), version('b', 2, { status: 'failed' }), version('a', 1, { status: 'removed' })],
    undefined,
  ],
  ['nothing, where nothing else served', [version('a', 1, active)], undefined],
])('goes back to %s', (_what, versions, expected) => {
  expect(formerVersion(versions)).toBe(expected);
});
