import type { LogEntry } from '@switchyard/protocol';

interface DeltaBody {
  event?: { agent?: unknown };
  delta?: { text?: unknown; marker?: unknown; index?: unknown; completed?: unknown };
  extra?: Record<string, unknown>;
  [key: string]: unknown;
}

/** An entry, or several that were joined into one. */
export interface MergedEntry extends LogEntry {
  /** Of a joined one: the id of its first. */
  readonly firstLogId?: string;
}

/** A run of deltas while it is being put together; its body is written once, at the end. */
interface Run {
  first: DeltaBody;
  last: DeltaBody;
  firstLogId: string;
  lastEntry: LogEntry;
  texts: string[];
  /** How many deltas these are; a joined one counts for all it stands for. */
  count: number;
  signature: string;
}

/**
 * Joins neighbouring deltas of the same turn and marker into one entry: the texts in order, the id, time and `completed`
 * of the last, the index of the first. Nothing else is touched or moved, so ids stay increasing and a client that has the
 * joined entry has everything up to its id. `extra.first_log_id` says where it begins: who puts two streams together can
 * see that it holds the first half of it already (decision 0089).
 */
export function mergeDeltas(entries: readonly MergedEntry[]): MergedEntry[] {
  const merged: MergedEntry[] = [];
  let run: Run | undefined;
  const flush = () => {
    if (run !== undefined) merged.push(entryOf(run));
    run = undefined;
  };
  for (const entry of entries) {
    const body = readDelta(entry);
    const signature = body === undefined ? undefined : signatureOf(entry, body);
    if (run !== undefined && signature === run.signature && body !== undefined) {
      run.texts.push(String(body.delta?.text));
      run.last = body;
      run.lastEntry = entry;
      run.count += countOf(body);
      continue;
    }
    flush();
    if (body === undefined || signature === undefined) merged.push(entry);
    else
      run = {
        first: body,
        last: body,
        firstLogId: entry.firstLogId ?? entry.logId,
        lastEntry: entry,
        texts: [String(body.delta?.text)],
        count: countOf(body),
        signature,
      };
  }
  flush();
  return merged;
}

function readDelta(entry: LogEntry): DeltaBody | undefined {
  if (entry.event !== 'chat_delta') return undefined;
  try {
    const body = JSON.parse(entry.data) as DeltaBody;
    return typeof body.delta?.text === 'string' ? body : undefined;
  } catch {
    return undefined;
  }
}

/** What two deltas must share to be one text. */
function signatureOf(entry: LogEntry, body: DeltaBody): string {
  const { format, artifact_name: artifact } = body.extra ?? {};
  return JSON.stringify([
    entry.streamId,
    entry.conversationId,
    entry.turnId,
    body.delta?.marker,
    body.event?.agent,
    format,
    artifact,
  ]);
}

function entryOf({ first, last, firstLogId, lastEntry, texts, count }: Run): MergedEntry {
  if (texts.length === 1) return lastEntry;
  const text = texts.join('');
  const index = first.delta?.index;
  const body = {
    ...last,
    delta: { ...last.delta, text, index },
    text,
    idx: index,
    extra: { ...last.extra, merged: count, first_log_id: firstLogId },
  };
  return { ...lastEntry, firstLogId, data: JSON.stringify(body) };
}

function countOf(body: DeltaBody): number {
  const merged = body.extra?.['merged'];
  return typeof merged === 'number' ? merged : 1;
}
