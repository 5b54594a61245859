import { PlatformError } from '@switchyard/kernel';
import { expect, test } from 'vitest';
import { completed, payloadOf, record } from '../test/fixtures.ts';
import { decideOutcome } from './decide-outcome.ts';
import type { Work } from './decide-outcome.ts';
import { decideTelling } from './terminal-event.ts';
import type { AbortReason, TurnOutcome } from './turn-types.ts';

const config = { turnIdle: 600_000, turnWall: 2_400_000 };
const done: Work = { outcome: completed('all') };
const stopped: Work = {
  outcome: { status: 'cancelled', errorType: 'cancelled', message: 'x', record: record('part') },
};
const thrown: Work = { error: new Error('inside') };

test.each<[string, Work, AbortReason | undefined, string, string | undefined]>([
  ['completed', done, undefined, 'completed', undefined],
  [
    'its own failure',
    { outcome: { status: 'failed', errorType: 'bundle_error', message: 'm', record: record('') } },
    undefined,
    'failed',
    'bundle_error',
  ],
  ['thrown', thrown, undefined, 'failed', 'bundle_error'],
  ['thrown, named', { error: PlatformError.of('BUNDLE_CRASHED') }, undefined, 'failed', 'bundle_crashed'],
  ['cancelled', stopped, 'cancelled', 'cancelled', 'cancelled'],
  ['cancelled, but it had an answer', done, 'cancelled', 'cancelled', 'cancelled'],
  ['cancelled, and it never came back', 'too_late', 'cancelled', 'cancelled', 'cancelled'],
  ['silent', thrown, 'watchdog_idle', 'failed', 'task_watchdog_timeout'],
  ['too long', done, 'watchdog_wall', 'failed', 'task_watchdog_timeout'],
  ['drained', thrown, 'draining', 'interrupted', 'turn_interrupted'],
  ['drained when it was done', done, 'draining', 'completed', undefined],
])('%s', (_name, work, reason, status, errorType) => {
  const end = decideOutcome(work, reason, 'seen so far', config);
  expect([end.status, end.error?.error_type]).toEqual([status, errorType]);
});

test('what the client has seen is kept when the executor left no record', () => {
  expect(decideOutcome('too_late', 'cancelled', 'seen so far', config).answerText).toBe('seen so far');
  expect(decideOutcome(stopped, 'cancelled', 'seen so far', config).answerText).toBe('part');
});

test('chat_complete from the row is what the bundle returned', () => {
  const result = { final_answer: 'a', followups: ['f'], custom: { x: 1 } };
  const outcome: TurnOutcome = { status: 'completed', result, record: { ...record('a'), followups: ['f'] } };
  const end = decideOutcome({ outcome }, undefined, '', config);
  const row = {
    status: 'completed' as const,
    folded_into: null,
    answer: end.answer as ReturnType<typeof record>,
    error: null,
  };
  expect(JSON.parse(decideTelling(payloadOf('T1'), row, 0).data)).toMatchObject({
    type: 'chat.complete',
    data: result,
  });
});

test.each([
  ['completed', 'chat_complete', 'idle', 'success'],
  ['folded', 'chat_service', 'idle', 'success'],
  ['cancelled', 'chat_error', 'idle', 'cancelled'],
  ['failed', 'chat_error', 'error', 'error'],
  ['interrupted', 'chat_error', 'error', 'interrupted'],
  ['dead', 'chat_error', 'error', 'error'],
] as const)('%s is told as %s, the conversation rests %s after %s', (status, event, rest, completion) => {
  const end = { status, folded_into: 'T0', answer: null, error: null };
  expect(decideTelling(payloadOf('T1'), end, 0)).toMatchObject({ event, rest, completion });
});
