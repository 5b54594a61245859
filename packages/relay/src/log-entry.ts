import type { EventName, LogEntry } from '@switchyard/protocol';

const FIELDS = 7;

/**
 * Reads a publication of `append-event.lua`: what one script appended to one log, in order. `[log_id, prev, event, stream_id,
 * conversation_id, turn_id, data]` are the last entry's; those before it stand behind `turn_id`, seven lines each. Undefined: not one of ours.
 */
export function readPublication(message: string): readonly LogEntry[] | undefined {
  let parts: unknown;
  try {
    parts = JSON.parse(message);
  } catch {
    return undefined;
  }
  if (!isFields(parts)) return undefined;
  const last = entryOf(parts);
  if (!last.turnId.includes('\n')) return [last];
  const [turnId = '', ...lines] = last.turnId.split('\n');
  // Not what it looks like: the last one stands, and what is before it is read from the log.
  if (lines.length % FIELDS !== 0) return [{ ...last, turnId }];
  const entries: LogEntry[] = [];
  for (let at = 0; at < lines.length; at += FIELDS) entries.push(entryOf(lines.slice(at, at + FIELDS)));
  entries.push({ ...last, turnId });
  return entries;
}

function isFields(parts: unknown): parts is string[] {
  return Array.isArray(parts) && parts.length === FIELDS && parts.every((part) => typeof part === 'string');
}

function entryOf(fields: readonly string[]): LogEntry {
  const [logId = '', prev = '', event = '', streamId = '', conversationId = '', turnId = '', data = ''] =
    fields;
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
