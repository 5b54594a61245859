import type { ChatEnvelope, EventName, StreamEventName } from '@switchyard/protocol';
import type { RawFrame } from './read-event-stream.ts';

/** The running turns' answers that a `resync` carries; what else happened must be read again. */
export interface ResyncTurn {
  turn_id: string;
  answer_so_far: string;
  log_id: string;
  conversation_id?: string;
}

/** A frame with its data read. `ready`, `resync`, `lagged`, `server_shutdown` are the stream's own, the rest the log's. */
export interface StreamEvent {
  /** Position in the session's log; absent on frames that are none. */
  id: string | undefined;
  event: EventName | StreamEventName | (string & {});
  data: unknown;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Is the body that of a logged event (03 section 3)? Only what the client relies on is looked at. */
export function isEnvelope(data: unknown): data is ChatEnvelope {
  if (!isRecord(data) || typeof data['type'] !== 'string') return false;
  const conversation = data['conversation'];
  return (
    isRecord(conversation) && typeof conversation['conversation_id'] === 'string' && isRecord(data['event'])
  );
}

/** Frames whose data is not JSON are none of ours: undefined. */
export function parseFrame(frame: RawFrame): StreamEvent | undefined {
  try {
    return {
      id: frame.id,
      event: frame.event,
      data: frame.data === '' ? undefined : (JSON.parse(frame.data) as unknown),
    };
  } catch {
    return undefined;
  }
}

export function resyncTurns(data: unknown): readonly ResyncTurn[] {
  const turns = isRecord(data) ? data['turns'] : undefined;
  if (!Array.isArray(turns)) return [];
  return turns.filter(
    (turn): turn is ResyncTurn =>
      isRecord(turn) && typeof turn['turn_id'] === 'string' && typeof turn['answer_so_far'] === 'string',
  );
}
