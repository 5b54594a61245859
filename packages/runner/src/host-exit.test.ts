import { expect, test } from 'vitest';
import { decideEndReason, readExit } from './host-exit.ts';

test.each([
  [0, null, { exitCode: 0, signal: null }],
  [3, null, { exitCode: 3, signal: null }],
  [null, 'SIGKILL', { exitCode: null, signal: 'SIGKILL' }],
  [137, null, { exitCode: null, signal: 'SIGKILL' }],
  [134, null, { exitCode: null, signal: 'SIGABRT' }],
  [255, null, { exitCode: 255, signal: null }],
])('exit code %s and signal %s', (code, signal, expected) => {
  expect(readExit(code, signal)).toEqual(expected);
});

test.each([
  ['draining', 0, 0, 'drained'],
  ['draining', 0, 1, 'crashed'],
  ['draining', 1, 0, 'crashed'],
  ['ready', 0, 0, 'crashed'],
  ['busy', 1, 75, 'fenced'],
  ['starting', 0, 1, 'start-failed'],
] as const)('%s with %i running and exit code %i is %s', (state, running, exitCode, expected) => {
  expect(decideEndReason(state, running, { exitCode, signal: null })).toBe(expected);
});
