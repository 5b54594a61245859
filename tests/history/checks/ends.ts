import type { CheckOptions } from '../check-options.ts';
import { readEnvelope, terminalOf } from '../history-index.ts';
import type { HistoryIndex, Message } from '../history-index.ts';
import { compareIds, epochOf } from '../log-ids.ts';
import type { RowView } from '../store-view.ts';

/** Acks that promise an end. */
const PROMISES = new Set(['processing_started', 'external_event_accepted']);
const OPEN = new Set(['queued', 'running']);
/** How a row's end is told. A failed one may be told as any error. */
const TOLD: Readonly<Record<string, readonly string[]>> = {
  completed: ['complete'],
  folded: ['consumed'],
  cancelled: ['error cancelled', 'skipped'],
  interrupted: ['error turn_interrupted'],
  dead: ['error turn_dead'],
};

/** Every acked message has exactly one end, and row, event, conversation and client agree on it. */
export function checkEnds(index: HistoryIndex, options: CheckOptions): string[] {
  const told = gatherTold(index, options);
  return [
    ...index.messages.flatMap((message) => checkMessage(index, message)),
    ...[...told].flatMap(([turn, words]) =>
      words.length > 1 ? [`${turn} ended twice: ${words.join(', ')}`] : [],
    ),
    ...index.stores.rows.flatMap((row) => checkRow(index, row, told.get(row.turn) ?? [])),
    ...checkFinals(index),
    ...checkRests(index),
  ];
}

function gatherTold(index: HistoryIndex, { forgotBetween }: CheckOptions): Map<string, string[]> {
  const told = new Map<string, { word: string; epoch: number }[]>();
  for (const entries of index.events.values()) {
    for (const entry of entries) {
      const word = terminalOf(entry);
      if (word === undefined) continue;
      const epoch = epochOf(entry.id);
      const before = told.get(entry.turn) ?? [];
      const last = before.at(-1);
      const isAgain =
        last !== undefined && meansTheSame(last.word, word) && forgotBetween?.(last.epoch, epoch) === true;
      told.set(
        entry.turn,
        isAgain ? [...before.slice(0, -1), { word, epoch }] : [...before, { word, epoch }],
      );
    }
  }
  return new Map([...told].map(([turn, ends]) => [turn, ends.map(({ word }) => word)]));
}

function meansTheSame(left: string, right: string): boolean {
  return left === right || Object.values(TOLD).some((words) => words.includes(left) && words.includes(right));
}

function checkMessage({ rows, deleted }: HistoryIndex, { key, acks }: Message): string[] {
  const ack = acks.find(({ status }) => PROMISES.has(status));
  if (ack === undefined || deleted.has(ack.conversation)) return [];
  const row = rows.get(ack.turn);
  if (row === undefined) return [`message ${key} was acked as ${ack.turn} and has no row`];
  return OPEN.has(row.status)
    ? [`message ${key} was acked as ${ack.turn}, which is still ${row.status}`]
    : [];
}

function checkRow(index: HistoryIndex, row: RowView, words: readonly string[]): string[] {
  const { turn, status, session, kind } = row;
  if (kind === 'recorded' || OPEN.has(status)) return [];
  const isCut = index.stores.cutSessions?.includes(session) === true;
  if (words.length === 0)
    return isCut || index.deleted.has(row.conversation) ? [] : [`${turn} is ${status} and nobody was told`];
  const fitting = [...(TOLD[status] ?? []), ...(isFoldedIntoLost(index, row) ? ['skipped'] : [])];
  return words.flatMap((word) =>
    fitting.includes(word) || (status === 'failed' && word.startsWith('error '))
      ? []
      : [`${turn} is ${status} and was told as ${word}`],
  );
}

/** A steer whose row was folded into a turn that died before its `take`: the end of that turn says that it came too late. */
function isFoldedIntoLost({ rows }: HistoryIndex, row: RowView): boolean {
  const into = rows.get(row.foldedInto ?? '');
  return row.kind === 'steer' && into !== undefined && into.status !== 'completed';
}

/** Where clients say how their messages ended, each acked message was seen to end, and as the row says. */
function checkFinals({ records, rows, messages, deleted }: HistoryIndex): string[] {
  const finals = records.filter((record) => record.kind === 'final');
  if (finals.length === 0) return [];
  const known = new Set(finals.map(({ turn }) => turn));
  const steers = new Set(
    records.flatMap((record) =>
      record.kind === 'submit' && record.messageKind !== 'message' ? [record.key] : [],
    ),
  );
  const unheard = messages.flatMap(({ key, acks }) => {
    const ack = acks.find(({ status }) => PROMISES.has(status));
    const isForgotten = ack === undefined || deleted.has(ack.conversation);
    return isForgotten || steers.has(key) || known.has(ack.turn)
      ? []
      : [`the client of ${ack.turn} never heard how it ended`];
  });
  const wrong = finals.flatMap(({ turn, status }) => {
    const row = rows.get(turn);
    return row === undefined || row.status === status
      ? []
      : [`the client of ${turn} heard ${status}, its row is ${row.status}`];
  });
  return [...unheard, ...wrong];
}

const AT_REST = new Set(['idle', 'error']);

/** The state that the last `conv_status` said is the conversation's. One that Redis no longer knows is at rest. */
function checkRests({ stores, events, deleted }: HistoryIndex): string[] {
  const shown = new Map<string, { id: string; state: string }>();
  for (const [session, entries] of events) {
    if (stores.cutSessions?.includes(session) === true) continue;
    for (const { id, event, data, conversation } of entries) {
      const former = shown.get(conversation);
      if (event !== 'conv_status' || (former !== undefined && compareIds(id, former.id) < 0)) continue;
      shown.set(conversation, { id, state: readEnvelope(data).data?.state ?? '' });
    }
  }
  return [...shown].flatMap(([conversation, { state }]) => {
    if (deleted.has(conversation) || state === 'deleted') return [];
    const kept = stores.conversations[conversation]?.state;
    const isRight = kept === undefined ? AT_REST.has(state) : state === kept;
    return isRight ? [] : [`clients saw ${conversation} as ${state}, it is ${kept ?? 'at rest'}`];
  });
}
