import type { ChatTaskPayload, Completion, EventName, TurnStatus } from '@switchyard/protocol';
import { buildEnvelope } from './envelope.ts';
import type { TurnState } from './sql/turn-row.ts';
import type { TurnErrorRecord } from './turn-types.ts';

export type EndStatus = Exclude<TurnStatus, 'queued' | 'running'>;
/** How a row ended; all that is needed to tell it. */
export type TurnEnd = Pick<TurnState, 'folded_into' | 'answer' | 'error'> & { readonly status: EndStatus };

/** What `finish` does with an end. */
export interface Telling {
  /** Empty: nothing is told. */
  readonly event: EventName | '';
  /** One JSON line. */
  readonly data: string;
  /** State of the conversation when nobody follows; empty: it was deleted, and nobody hears of it any more. */
  readonly rest: 'idle' | 'error' | '';
  readonly completion: Completion | '';
}

const COMPLETION: Record<EndStatus, Completion> = {
  completed: 'success',
  folded: 'success',
  cancelled: 'cancelled',
  interrupted: 'interrupted',
  failed: 'error',
  dead: 'error',
};

/** No row: the message was refused and its row deleted; nobody waits for it. */
export const GONE: Telling = { event: '', data: '', rest: 'idle', completion: '' };
/** The same with its whole conversation. */
export const GONE_WITH_ALL: Telling = { ...GONE, rest: '' };

export const LOST_WORKER: TurnErrorRecord = {
  error: 'The server restarted while answering.',
  error_type: 'turn_interrupted',
  details: { reason: 'worker_lost_after_start' },
};
export const SPENT: TurnErrorRecord = {
  error: 'The message could not be started.',
  error_type: 'turn_dead',
  details: { reason: 'attempts_spent' },
};
export const CANCELLED: TurnErrorRecord = { error: 'Cancelled.', error_type: 'cancelled' };

export function isEnded(state: TurnState): state is TurnState & { status: EndStatus } {
  return state.status !== 'queued' && state.status !== 'running';
}

/** The terminal event of a turn (03 §3) from what its row keeps. `foldedIds`: messages that it had taken, named when it ended badly. */
export function decideTelling(
  payload: ChatTaskPayload,
  end: TurnEnd,
  nowMs: number,
  foldedIds: readonly string[] = [],
): Telling {
  const rest =
    end.status === 'failed' || end.status === 'interrupted' || end.status === 'dead' ? 'error' : 'idle';
  const completion = COMPLETION[end.status];
  if (end.status === 'folded') {
    return {
      event: 'chat_service',
      data: consumedEvent(payload, end.folded_into ?? '', nowMs),
      rest,
      completion,
    };
  }
  const timing = end.answer?.timing;
  const extra = timing === undefined ? undefined : { timing };
  if (end.status === 'completed') {
    const { answer } = end;
    const followups = answer?.followups ?? [];
    const result = {
      final_answer: answer?.final_answer ?? '',
      ...(followups.length === 0 ? {} : { followups }),
      ...answer?.result,
    };
    const parts = {
      type: 'chat.complete',
      step: 'turn',
      agent: 'assistant',
      status: 'completed' as const,
      data: result,
      extra,
    };
    return {
      event: 'chat_complete',
      data: JSON.stringify(buildEnvelope(payload, parts, nowMs)),
      rest,
      completion,
    };
  }
  const error = end.error ?? CANCELLED;
  const data = {
    ...error.details,
    ...(foldedIds.length === 0 ? {} : { folded_turn_ids: foldedIds }),
    error: error.error,
    error_type: error.error_type,
    task_id: payload.task_id,
  };
  const parts = {
    type: 'chat.error',
    step: 'turn',
    agent: 'assistant',
    status: 'error' as const,
    data,
    extra,
  };
  return {
    event: 'chat_error',
    data: JSON.stringify(buildEnvelope(payload, parts, nowMs)),
    rest,
    completion,
  };
}

/** What tells a message that a running turn took in: it has no turn of its own. */
export function consumedEvent(payload: ChatTaskPayload, intoTurnId: string, nowMs: number): string {
  const data = { queued_turn_id: payload.turn_id, turn_id: intoTurnId };
  const parts = {
    type: 'event.continuation.consumed',
    step: 'continuation',
    status: 'completed' as const,
    data,
  };
  return JSON.stringify(buildEnvelope(payload, parts, nowMs));
}
