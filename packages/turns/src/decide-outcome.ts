import { PlatformError } from '@switchyard/kernel';
import type { TurnRecord } from '@switchyard/protocol';
import type { EndInput } from './sql/end-turns.ts';
import { CANCELLED } from './terminal-event.ts';
import type { AbortReason, TurnErrorRecord, TurnOutcome } from './turn-types.ts';
import type { WorkerConfig } from './turns-config.ts';

export type Work = { readonly outcome: TurnOutcome } | { readonly error: unknown } | 'too_late';

const DRAINED: TurnErrorRecord = {
  error: 'The server was restarted while answering. Please send the message again.',
  error_type: 'turn_interrupted',
  details: { reason: 'worker_draining' },
};

/**
 * What a turn ended as: what the executor said, except that an abort names the end. `answerText`: what the client has seen of the
 * answer, kept when the executor left no record. An answer that was complete when the worker drained stays complete.
 */
export function decideOutcome(
  work: Work,
  abortReason: AbortReason | undefined,
  answerText: string,
  config: Pick<WorkerConfig, 'turnIdle' | 'turnWall'>,
): Omit<EndInput, 'turnId' | 'fence'> {
  const outcome = work !== 'too_late' && 'outcome' in work ? work.outcome : undefined;
  const record = outcome?.record ?? emptyRecord(answerText);
  const ended = (status: EndInput['status'], error: TurnErrorRecord) => ({
    status,
    answer: record,
    answerText: record.final_answer,
    error,
  });
  if (abortReason === 'cancelled') return ended('cancelled', CANCELLED);
  if (abortReason === 'watchdog_idle' || abortReason === 'watchdog_wall')
    return ended('failed', timeoutError(abortReason, config));
  if (outcome?.status === 'completed') {
    const { final_answer: _answer, followups: _followups, ...result } = outcome.result;
    const answer = { ...record, ...(Object.keys(result).length === 0 ? {} : { result }) };
    return { status: 'completed', answer, answerText: record.final_answer, error: null };
  }
  if (abortReason === 'draining') return ended('interrupted', DRAINED);
  if (outcome !== undefined) {
    const { errorType, message, details } = outcome;
    return ended(outcome.status, {
      error: message,
      error_type: errorType,
      ...(details === undefined ? {} : { details }),
    });
  }
  return ended(
    'failed',
    errorRecord(work === 'too_late' ? undefined : 'error' in work ? work.error : undefined),
  );
}

function timeoutError(
  reason: AbortReason,
  config: Pick<WorkerConfig, 'turnIdle' | 'turnWall'>,
): TurnErrorRecord {
  const isIdle = reason === 'watchdog_idle';
  return {
    error: 'The answer took too long.',
    error_type: 'task_watchdog_timeout',
    details: {
      timeout_kind: isIdle ? 'idle' : 'wall',
      limit_sec: (isIdle ? config.turnIdle : config.turnWall) / 1000,
    },
  };
}

/** What is not a PlatformError says nothing of its insides to a client. */
function errorRecord(error: unknown): TurnErrorRecord {
  const known = error instanceof PlatformError && error.expose ? error : PlatformError.of('BUNDLE_ERROR');
  return {
    code: known.code,
    error: known.message,
    error_type: known.errorType,
    ...(known.details === undefined ? {} : { details: known.details }),
  };
}

function emptyRecord(answerText: string): TurnRecord {
  return { v: 1, final_answer: answerText, steps: [], citations: [], followups: [], files: [], usage: [] };
}
