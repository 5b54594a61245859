import { ERRORS, PlatformError } from '@switchyard/kernel';
import type { ChatEnvelope, TurnResult } from '@switchyard/protocol';
import { TurnAbort } from '@switchyard/turns';
import type { TurnOutcome } from '@switchyard/turns';
import { z } from 'zod';
import type { TurnRecorder } from './turn-recorder.ts';

export interface WatchdogLimits {
  idleMs: number;
  wallMs: number;
}

/** Of what `executeCore` returned beside the answer, this much reaches the client. */
const MAX_RESULT_CHARACTERS = 256 * 1024;

const resultSchema = z.looseObject({
  final_answer: z.string().optional(),
  followups: z.array(z.string().max(500)).max(20).optional(),
});
export type BundleResult = z.output<typeof resultSchema>;

/** Checks what came back from the host, which is not trusted. Throws BUNDLE_ERROR. */
export function readResult(returned: unknown): BundleResult {
  const parsed = resultSchema.safeParse(returned ?? {});
  if (!parsed.success)
    throw PlatformError.of(
      'BUNDLE_ERROR',
      `What the bundle returned is no result: ${parsed.error.issues[0]?.message ?? ''}`,
    );
  const { final_answer: _answer, ...rest } = parsed.data;
  if (JSON.stringify(rest).length > MAX_RESULT_CHARACTERS) {
    throw PlatformError.of(
      'BUNDLE_ERROR',
      `What the bundle returned beside its answer is larger than ${MAX_RESULT_CHARACTERS} characters.`,
    );
  }
  return parsed.data;
}

/**
 * What still has to be streamed so that the answer deltas are the final answer (03 §3). The stream has been seen and stays: a returned
 * answer that does not go on from it is not used, and `isDropped` tells so.
 */
export function decideRemainder(
  streamed: string,
  returned: string | undefined,
): { rest: string; isDropped: boolean } {
  if (returned === undefined || returned === streamed) return { rest: '', isDropped: false };
  return returned.startsWith(streamed)
    ? { rest: returned.slice(streamed.length), isDropped: false }
    : { rest: '', isDropped: true };
}

export function completedOutcome(
  result: BundleResult,
  recorder: TurnRecorder,
  closings: readonly ChatEnvelope[],
): TurnOutcome {
  const record = recorder.record('completed');
  const { final_answer: _answer, followups: _followups, ...rest } = result;
  const final: TurnResult = { ...rest, final_answer: record.final_answer };
  if (record.followups.length > 0) final.followups = [...record.followups];
  return { status: 'completed', result: final, record, closings };
}

/** How a turn that did not come to its end is told. The text of a bundle's error is for its author: it is logged, never sent. */
export function failedOutcome(
  error: unknown,
  signal: AbortSignal,
  recorder: TurnRecorder,
  limits: WatchdogLimits,
): TurnOutcome {
  const reason: unknown = signal.aborted ? signal.reason : undefined;
  if (reason instanceof TurnAbort) return abortedOutcome(reason, recorder, limits);
  const code = error instanceof PlatformError ? error.code : 'INTERNAL';
  const { text, errorType } = ERRORS[code];
  const hasCrashed = code === 'BUNDLE_CRASHED';
  const record = recorder.record('error');
  // A limit that the bundle set for itself is told as the platform's own.
  const details = code === 'WATCHDOG_TIMEOUT' && error instanceof PlatformError ? error.details : undefined;
  return {
    status: 'failed',
    errorType,
    message: text,
    ...(details === undefined ? {} : { details }),
    record,
    hasCrashed,
  };
}

function abortedOutcome(abort: TurnAbort, recorder: TurnRecorder, limits: WatchdogLimits): TurnOutcome {
  switch (abort.reason) {
    case 'cancelled':
      return {
        status: 'cancelled',
        errorType: ERRORS.CANCELLED.errorType,
        message: ERRORS.CANCELLED.text,
        record: recorder.record('cancelled'),
      };
    case 'watchdog_idle':
    case 'watchdog_wall': {
      const isIdle = abort.reason === 'watchdog_idle';
      const details = {
        timeout_kind: isIdle ? 'idle' : 'wall',
        limit_sec: Math.round((isIdle ? limits.idleMs : limits.wallMs) / 1000),
      };
      const { errorType, text } = ERRORS.WATCHDOG_TIMEOUT;
      return { status: 'failed', errorType, message: text, details, record: recorder.record('error') };
    }
    case 'draining':
    case 'lease_lost': {
      const { errorType, text } = ERRORS.TURN_INTERRUPTED;
      const details = { reason: abort.reason === 'draining' ? 'worker_draining' : 'worker_lost_after_start' };
      return {
        status: 'interrupted',
        errorType,
        message: text,
        details,
        record: recorder.record('cancelled'),
      };
    }
  }
}
