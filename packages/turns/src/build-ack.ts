import type { Ack, AckStatus } from '@switchyard/protocol';
import type { InsertedTurn } from './sql/insert-turns.ts';

const SENTENCES: Record<AckStatus, string> = {
  processing_started: 'The message is being processed.',
  external_event_accepted: 'The message waits for the running turn.',
  external_event_recorded: 'The event is recorded.',
  active_turn_control_no_active_turn: 'No turn is running.',
  active_turn_control_target_mismatch: 'Another turn is running.',
};

/** The answer of 03 §4 from the row, which has the ids of the first submission. */
export function buildAck(row: InsertedTurn, status: AckStatus, activeTurnId: string, lastLogId: string): Ack {
  const { request } = row;
  const isContinuation = status === 'external_event_accepted';
  return {
    status,
    task_id: request.task_id,
    session_id: request.session_id,
    conversation_id: request.conversation_id,
    turn_id: request.turn_id,
    active_turn_id: status === 'processing_started' ? request.turn_id : activeTurnId || null,
    target_turn_id:
      request.target_turn_id ?? (isContinuation && request.kind === 'steer' ? activeTurnId : null),
    queued_turn_id: isContinuation ? request.turn_id : null,
    event_id: request.message_id,
    external_event_sequence: row.seq,
    conversation_created: request.conversation_created,
    user_type: request.user.user_type,
    is_continuation: isContinuation,
    message: SENTENCES[status],
    last_log_id: lastLogId,
  };
}

/** The position right before a log entry: a stream opened from it misses nothing of what follows. */
export function positionBefore(logId: string): string {
  const [epoch, seq] = logId.split('-');
  const number = Number(seq);
  return epoch === undefined || !Number.isSafeInteger(number) || number < 1
    ? '0-0'
    : `${epoch}-${number - 1}`;
}
