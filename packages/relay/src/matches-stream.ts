import type { LogEntry } from '@switchyard/protocol';

/** What a stream asked for (03, Targeting). */
export interface StreamTarget {
  /** `stream`: what names this stream or all of them. `session`: everything of the session. */
  mode: 'stream' | 'session';
  streamId: string;
  /** Narrows to one conversation. */
  conversationId?: string;
  /** Narrows to one turn, and to what belongs to no turn. */
  turnId?: string;
}

export function matchesStream(
  entry: Pick<LogEntry, 'streamId' | 'conversationId' | 'turnId'>,
  target: StreamTarget,
): boolean {
  if (target.mode === 'stream' && entry.streamId !== '' && entry.streamId !== target.streamId) return false;
  if (
    target.conversationId !== undefined &&
    entry.conversationId !== '' &&
    entry.conversationId !== target.conversationId
  )
    return false;
  return target.turnId === undefined || entry.turnId === '' || entry.turnId === target.turnId;
}
