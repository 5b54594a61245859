import { expect, test } from 'vitest';
import { PlatformError } from '@switchyard/kernel';
import { TurnAbort } from '@switchyard/turns';
import type { AbortReason } from '@switchyard/turns';
import { completedOutcome, decideRemainder, failedOutcome, readResult } from './turn-outcome.ts';
import { TurnRecorder } from './turn-recorder.ts';

const LIMITS = { idleMs: 600_000, wallMs: 2_400_000 };

function recorderOf(answer: string): TurnRecorder {
  const recorder = new TurnRecorder(() => 1, 'v');
  recorder.take({ kind: 'step', name: 'work', status: 'running' });
  if (answer !== '') recorder.take({ kind: 'delta', text: answer, marker: 'answer' });
  return recorder;
}

test.each([
  ['Hello', undefined, '', false],
  ['Hello', 'Hello', '', false],
  ['Hel', 'Hello', 'lo', false],
  ['', 'Hello', 'Hello', false],
  ['Hello', 'Other', '', true],
  ['Hello', '', '', true],
])('streamed %j, returned %j: rest %j', (streamed, returned, rest, isDropped) => {
  expect(decideRemainder(streamed, returned)).toEqual({ rest, isDropped });
});

test('the final answer is what was streamed, whatever came back', () => {
  const recorder = recorderOf('Hello');
  const outcome = completedOutcome(
    readResult({ final_answer: 'Other', followups: ['x'], board: 1 }),
    recorder,
    [],
  );
  expect(outcome).toMatchObject({
    status: 'completed',
    result: { final_answer: 'Hello', board: 1 },
    record: { final_answer: 'Hello' },
  });
  recorder.take({ kind: 'followups', items: ['x'] });
  expect(completedOutcome(readResult(undefined), recorder, [])).toMatchObject({
    result: { followups: ['x'] },
    record: { followups: ['x'], steps: [{ status: 'completed' }] },
  });
});

test('what is no result is refused', () => {
  for (const bad of ['text', 5, { followups: 'x' }, { final_answer: 1 }, { big: 'x'.repeat(300_000) }]) {
    expect(() => readResult(bad)).toThrow(PlatformError);
  }
});

test('the text of a bundle error does not leave', () => {
  const outcome = failedOutcome(
    PlatformError.of('BUNDLE_ERROR', 'password is hunter2'),
    new AbortController().signal,
    recorderOf('part'),
    LIMITS,
  );
  expect(outcome).toMatchObject({
    status: 'failed',
    errorType: 'bundle_error',
    record: { final_answer: 'part', steps: [{ status: 'error' }] },
  });
  expect(JSON.stringify(outcome)).not.toContain('hunter2');
  expect(
    failedOutcome(new Error('hunter2'), new AbortController().signal, recorderOf(''), LIMITS),
  ).toMatchObject({ errorType: 'internal', message: 'Internal error.' });
});

test.each<[AbortReason, string, string, object | undefined]>([
  ['cancelled', 'cancelled', 'cancelled', undefined],
  ['watchdog_idle', 'failed', 'task_watchdog_timeout', { timeout_kind: 'idle', limit_sec: 600 }],
  ['watchdog_wall', 'failed', 'task_watchdog_timeout', { timeout_kind: 'wall', limit_sec: 2400 }],
  ['draining', 'interrupted', 'turn_interrupted', { reason: 'worker_draining' }],
  ['lease_lost', 'interrupted', 'turn_interrupted', { reason: 'worker_lost_after_start' }],
])('aborted by %s: %s %s', (reason, status, errorType, details) => {
  const controller = new AbortController();
  controller.abort(new TurnAbort(reason, 'x'));
  const outcome = failedOutcome(PlatformError.of('CANCELLED'), controller.signal, recorderOf('part'), LIMITS);
  expect(outcome).toMatchObject({ status, errorType, ...(details === undefined ? {} : { details }) });
});
