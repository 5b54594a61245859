import { expect, test } from 'vitest';
import { decideRedisVerdict } from './check-redis.ts';

const good = { policy: 'noeviction', appendonly: 'yes', stopWrites: 'no', save: '3600 1' };

test.each([
  [good, 0, 0],
  [{ ...good, policy: 'allkeys-lru' }, 1, 0],
  [{ ...good, stopWrites: 'yes' }, 1, 0],
  [{ ...good, stopWrites: 'yes', save: '' }, 0, 0],
  [{ ...good, appendonly: 'no', stopWrites: 'yes' }, 0, 1],
  [{ ...good, minReplicas: '1' }, 0, 0],
  [{ ...good, minReplicas: '0' }, 0, 1],
  [{ policy: '', appendonly: '', stopWrites: '', save: '' }, 0, 1],
])('%j: %i refusals, %i warnings', (settings, refusals, warnings) => {
  const verdict = decideRedisVerdict(settings);
  expect([verdict.refusals.length, verdict.warnings.length]).toEqual([refusals, warnings]);
});
