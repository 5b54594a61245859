import type { TurnView } from '@switchyard/client';
import { texts } from '../texts.ts';

export interface Problem {
  title: string;
  hint: string;
}

type KnownError =
  | 'turn_interrupted'
  | 'cancelled'
  | 'task_watchdog_timeout'
  | 'bundle_error'
  | 'bundle_crashed'
  | 'bundle_blocked'
  | 'bundle_unavailable'
  | 'network_error'
  | 'outbox_too_old'
  | 'draining';

function isKnown(errorType: string): errorType is KnownError {
  return errorType in texts.errors && errorType !== 'unknown' && errorType !== 'unsent';
}

/** An error's stable type as words for a reader. A refusal whose type is not known is told in the server's own words. */
export function describeProblem(turn: Pick<TurnView, 'status' | 'error'>): Problem {
  const { status, error } = turn;
  if (status === 'cancelled') return texts.errors.cancelled;
  if (status === 'interrupted') return texts.errors.turn_interrupted;
  if (error === undefined) return texts.errors.unknown;
  const { errorType, message, retryAfter } = error;
  if (errorType.startsWith('rate_limit.attachment'))
    return { title: texts.errors.unsent.title, hint: message };
  if (errorType.startsWith('rate_limit.')) return texts.errors.tooMany(retryAfter);
  if (errorType === 'queue.enqueue_rejected' || errorType === 'circuit_open')
    return texts.errors.busy(retryAfter);
  if (isKnown(errorType)) return texts.errors[errorType];
  if (status === 'unsent')
    return { title: texts.errors.unsent.title, hint: message === '' ? texts.errors.unsent.hint : message };
  return texts.errors.unknown;
}
