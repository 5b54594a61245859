import { readEnvelope } from '../history-index.ts';
import type { Chain, HistoryIndex } from '../history-index.ts';
import type { Seen } from '../records.ts';
import type { LogView } from '../store-view.ts';

/** The answer that a client put together is the log's, the terminal event's, the stored row's: one text. */
export function checkTexts(index: HistoryIndex): string[] {
  const logged = gatherLogged(index);
  return [
    ...index.chains.flatMap((chain) => checkChain(index, chain, logged)),
    ...checkLogged(index, logged),
    ...checkFinalTexts(index),
  ];
}

type Texts = Map<string, string>;

function answerDelta({ event, data }: Pick<LogView, 'event' | 'data'>): string | undefined {
  if (event !== 'chat_delta') return undefined;
  const { delta } = readEnvelope(data);
  return delta?.marker === 'answer' ? (delta.text ?? '') : undefined;
}

/** Answers as whole logs have them; none of a log whose head or tail is lost. */
function gatherLogged({ stores }: HistoryIndex): Texts {
  const texts: Texts = new Map();
  for (const [session, entries] of Object.entries(stores.logs)) {
    if (stores.cutSessions?.includes(session) === true) continue;
    for (const entry of entries) {
      if (entry.event === 'chat_start') texts.set(entry.turn, '');
      const text = answerDelta(entry);
      const before = texts.get(entry.turn);
      if (text !== undefined && before !== undefined) texts.set(entry.turn, before + text);
    }
  }
  return texts;
}

function checkChain(index: HistoryIndex, chain: Chain, logged: Texts): string[] {
  const found: string[] = [];
  const texts: Texts = new Map();
  for (const step of chain.steps) {
    if (step.kind === 'open') {
      // A reader that begins anew knows nothing of what runs.
      if (step.from === undefined) texts.clear();
      continue;
    }
    if (step.event === 'resync') {
      takeSnapshots(texts, step);
      continue;
    }
    const turn = readEnvelope(step.data).conversation?.turn_id ?? '';
    // A snapshot may be ahead of its `resync`: the start that follows takes nothing of it away.
    if (step.event === 'chat_start' && !texts.has(turn)) texts.set(turn, '');
    const before = texts.get(turn);
    if (before === undefined) continue;
    const delta = answerDelta(step);
    if (delta !== undefined) texts.set(turn, before + delta);
    if (step.event !== 'chat_complete' && step.event !== 'chat_error') continue;
    texts.delete(turn);
    const { data } = readEnvelope(step.data);
    found.push(...compare(`${chain.name}: the deltas of ${turn}`, before, 'the log', logged.get(turn)));
    if (step.event === 'chat_error') continue;
    found.push(
      ...compare(`${chain.name}: the deltas of ${turn}`, before, 'its final_answer', data?.final_answer),
    );
    found.push(
      ...compare(
        `${chain.name}: the deltas of ${turn}`,
        before,
        'its row',
        index.rows.get(turn)?.answerText ?? undefined,
      ),
    );
  }
  return found;
}

/** What `resync` says stands for everything before it; turns that it does not name are read again, not put together. */
function takeSnapshots(texts: Texts, { data }: Seen): void {
  const { turns = [] } = JSON.parse(data) as { turns?: { turn_id: string; answer_so_far: string }[] };
  texts.clear();
  for (const { turn_id: turn, answer_so_far: text } of turns) texts.set(turn, text);
}

function checkLogged({ rows }: HistoryIndex, logged: Texts): string[] {
  return [...logged].flatMap(([turn, text]) => {
    const row = rows.get(turn);
    return row?.status === 'completed'
      ? compare(`the log's deltas of ${turn}`, text, 'its row', row.answerText ?? '')
      : [];
  });
}

function checkFinalTexts({ records, rows }: HistoryIndex): string[] {
  return records.flatMap((record) => {
    if (record.kind !== 'final' || record.status !== 'completed') return [];
    const row = rows.get(record.turn);
    return compare(
      `the client's answer of ${record.turn}`,
      record.text,
      'its row',
      row?.answerText ?? undefined,
    );
  });
}

function compare(what: string, text: string, other: string, expected: string | undefined): string[] {
  if (expected === undefined || text === expected) return [];
  return [`${what} are not ${other}: ${excerpt(text)} and ${excerpt(expected)}`];
}

function excerpt(text: string): string {
  const limit = 60;
  return JSON.stringify(
    text.length <= limit ? text : `${text.slice(0, 20)}...${text.slice(-30)} (${text.length})`,
  );
}
