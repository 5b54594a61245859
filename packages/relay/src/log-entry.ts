import type { EventName, LogEntry } from '@switchyard/protocol';

/** Reads a publication: `[log_id, prev, event, stream_id, conversation_id, turn_id, data]`. `undefined`: not one of ours. */
export function readPublication(message: string): LogEntry | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(message);
  } catch {
    return undefined;
  }
  if (
    !Array.isArray(parts) ||
    parts.length !== 7 ||
    !parts.every((part): part is string => typeof part === 'string')
  )
    return undefined;
  const [logId = '', prev = '', event = '', streamId = '', conversationId = '', turnId = '', data = ''] =
    parts;
  return { logId, prev, event: event as EventName, streamId, conversationId, turnId, data };
}

/**
 * Reads one stream entry as XRANGE gives it: id and a flat list of fields and values. Always gives an entry, so that a
 * reader's chain of `prev` holds whatever a later version may have written.
 */
export function readStreamEntry(logId: string, flat: readonly string[]): LogEntry {
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) fields[String(flat[i])] = String(flat[i + 1]);
  return {
    logId,
    prev: fields['prev'] ?? '',
    event: (fields['event'] ?? '') as EventName,
    streamId: fields['stream_id'] ?? '',
    conversationId: fields['conversation_id'] ?? '',
    turnId: fields['turn_id'] ?? '',
    data: fields['data'] ?? '{}',
  };
}
