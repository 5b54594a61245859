import { expect, test } from 'vitest';
import { decideRestart } from './decide-restart.ts';

const limits = { crashWindowMs: 60_000, maxCrashes: 5, breakerOpenMs: 30_000 };

test.each([
  ['never crashed', [], 1000, { kind: 'start' }],
  ['crashed once just now', [1000], 1000, { kind: 'start' }],
  ['crashed twice just now', [900, 1000], 1000, { kind: 'wait', ms: 100 }],
  ['crashed three times', [800, 900, 1000], 1050, { kind: 'wait', ms: 150 }],
  ['waited long enough', [800, 900, 1000], 1200, { kind: 'start' }],
  ['the fifth opens the breaker', [1, 2, 3, 4, 1000], 1000, { kind: 'refuse', retryAfterMs: 30_000 }],
  ['still open', [1, 2, 3, 4, 1000], 30_999, { kind: 'refuse', retryAfterMs: 1 }],
  ['half open: one may try', [1, 2, 3, 4, 1000], 31_000, { kind: 'start' }],
  [
    'and is refused again when it crashes',
    [1, 2, 3, 4, 1000, 31_000],
    31_001,
    { kind: 'refuse', retryAfterMs: 29_999 },
  ],
  ['old crashes are forgotten', [1, 2, 3, 4, 5], 60_006, { kind: 'start' }],
])('%s', (_name, crashes, now, expected) => {
  expect(decideRestart(crashes, now, limits)).toEqual(expected);
});
