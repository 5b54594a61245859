import { expect, test } from 'vitest';
import { decideResend } from './decide-resend.ts';
import type { FailedSend } from './decide-resend.ts';

const RESET: FailedSend = {
  method: 'GET',
  hasBody: false,
  isStream: false,
  isConnected: true,
  isStale: false,
  isTimedOut: false,
  isSecond: false,
};

test.each([
  ['a GET that was reset', {}, 'elsewhere'],
  ['a HEAD that was reset', { method: 'HEAD' }, 'elsewhere'],
  ['a POST that was reset', { method: 'POST' }, 'no'],
  ['a DELETE that was reset', { method: 'DELETE' }, 'no'],
  ['a GET with a body', { hasBody: true }, 'no'],
  ['a stream that was reset', { isStream: true }, 'no'],
  ['silence', { isTimedOut: true }, 'no'],
  ['a second reset', { isSecond: true }, 'no'],
  ['a kept connection that was closing', { isStale: true }, 'again'],
  ['a stream on a kept connection that was closing', { isStale: true, isStream: true }, 'again'],
  ['a POST on a kept connection that was closing', { isStale: true, method: 'POST' }, 'no'],
  ['a second kept connection', { isStale: true, isSecond: true }, 'no'],
  [
    'a POST with a body that reached nobody',
    { isConnected: false, method: 'POST', hasBody: true },
    'elsewhere',
  ],
  ['a stream that reached nobody', { isConnected: false, isStream: true }, 'elsewhere'],
] as const)('%s', (_what, change, decided) => {
  expect(decideResend({ ...RESET, ...change })).toBe(decided);
});
