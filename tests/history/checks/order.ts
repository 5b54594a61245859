import type { CheckOptions } from '../check-options.ts';
import { readEnvelope, terminalOf } from '../history-index.ts';
import type { Chain, HistoryIndex } from '../history-index.ts';
import { epochOf } from '../log-ids.ts';
import type { BundleRecord } from '../records.ts';

/** Turns of one conversation do not overlap, and what was submitted after another's ack runs after it. */
export function checkOrder(index: HistoryIndex, options: CheckOptions): string[] {
  const byConversation = Map.groupBy(index.journal, (line) => line.conversation);
  return [
    ...[...byConversation.values()].flatMap(checkOverlap),
    ...checkSubmitted(index),
    ...checkStarts(index, options),
    ...index.chains.flatMap(checkStartsOfReader),
  ];
}

/** From the first line of the next turn on, the one before does nothing any more. */
function checkOverlap(lines: readonly BundleRecord[]): string[] {
  const found: string[] = [];
  const over = new Map<string, string>();
  let active: string | undefined;
  for (const { turn, step } of lines) {
    const next = over.get(turn);
    if (next !== undefined) found.push(`${turn} did "${step}" after ${next} had begun`);
    else if (step === 'begin' && active !== undefined && active !== turn) over.set(active, turn);
    if (step === 'begin') active = turn;
    if (step === 'end' && active === turn) active = undefined;
  }
  return found;
}

/** A message's place among what the bundle did: its own first line, or the line in which a running turn got it. */
function checkSubmitted({ records, journal }: HistoryIndex): string[] {
  const place = new Map<string, number>();
  for (const [at, { step, turn, taken }] of journal.entries()) {
    const message = step === 'took' ? taken : turn;
    if ((step === 'begin' || step === 'took') && message !== undefined && !place.has(message))
      place.set(message, at);
  }
  const sentAt = new Map<string, number>();
  const acked = new Map<
    string,
    { key: string; turn: string; conversation: string; sentAt: number; ackedAt: number }
  >();
  for (const [at, record] of records.entries()) {
    if (record.kind === 'submit' && !sentAt.has(record.key)) sentAt.set(record.key, at);
    if (record.kind !== 'ack' || acked.has(record.key)) continue;
    const { key, turn, conversation } = record;
    acked.set(key, { key, turn, conversation, sentAt: sentAt.get(key) ?? at, ackedAt: at });
  }
  const found: string[] = [];
  for (const same of Map.groupBy(acked.values(), ({ conversation }) => conversation).values()) {
    for (const later of same) {
      for (const earlier of same) {
        if (later.sentAt <= earlier.ackedAt) continue;
        const [before, after] = [place.get(earlier.turn), place.get(later.turn)];
        if (before !== undefined && after !== undefined && after < before)
          found.push(`${later.turn} was sent after the ack of ${earlier.turn} and ran before it`);
      }
    }
  }
  return found;
}

/** In what was told at all, a turn starts after the one before has ended. */
function checkStarts({ events }: HistoryIndex, { forgotBetween }: CheckOptions): string[] {
  const found: string[] = [];
  for (const entries of events.values()) {
    const running = new Map<string, { turn: string; epoch: number }>();
    for (const entry of entries) {
      const active = running.get(entry.conversation);
      if (entry.event === 'chat_start') {
        const isEndKnown = active !== undefined && forgotBetween?.(active.epoch, Infinity) !== true;
        if (isEndKnown && active.turn !== entry.turn)
          found.push(`${entry.turn} starts before the end of ${active.turn}`);
        running.set(entry.conversation, { turn: entry.turn, epoch: epochOf(entry.id) });
      } else if (terminalOf(entry) !== undefined && active?.turn === entry.turn)
        running.delete(entry.conversation);
    }
  }
  return found;
}

/** The same for what one reader saw without a gap: this holds whatever a Redis forgot. */
function checkStartsOfReader({ name, steps }: Chain): string[] {
  const found: string[] = [];
  const running = new Map<string, string>();
  for (const step of steps) {
    const isGap =
      step.kind === 'open'
        ? step.resumedFrom === undefined
        : step.event === 'ready' || step.event === 'resync';
    if (isGap) running.clear();
    if (step.kind === 'open' || isGap) continue;
    const { conversation_id: conversation = '', turn_id: turn } = readEnvelope(step.data).conversation ?? {};
    const active = running.get(conversation);
    if (step.event === 'chat_start' && turn !== undefined) {
      if (active !== undefined && active !== turn)
        found.push(`${name} saw ${turn} start before the end of ${active}`);
      running.set(conversation, turn);
    } else if (active === turn && terminalOf(step) !== undefined) running.delete(conversation);
  }
  return found;
}
