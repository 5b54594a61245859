import { readEnvelope, terminalOf } from '../history-index.ts';
import type { HistoryIndex } from '../history-index.ts';
import type { BundleRecord } from '../records.ts';

/** Said between `chat_start` and the end; the others are the platform's own. */
const OF_A_RUN = new Set(['chat_start', 'chat_step', 'chat_delta']);

/** Only the holder of the current fence writes: one start, nothing after the end, one host's words, each once and in order. */
export function checkFences(index: HistoryIndex): string[] {
  return [...checkEvents(index), ...checkHosts(index), ...checkWords(index)];
}

function checkEvents({ events }: HistoryIndex): string[] {
  const found: string[] = [];
  for (const entries of events.values()) {
    const begun = new Set<string>();
    const over = new Set<string>();
    for (const entry of entries) {
      const { turn, event, id } = entry;
      if (OF_A_RUN.has(event) && over.has(turn)) found.push(`${event} ${id} of ${turn} comes after its end`);
      if (event === 'chat_start' && begun.has(turn)) found.push(`${turn} has two chat_start`);
      if (event === 'chat_start') begun.add(turn);
      if (terminalOf(entry) !== undefined) over.add(turn);
    }
  }
  return found;
}

/** A turn that may run again does so under another host, after the first has fallen silent. */
function checkHosts({ runs }: HistoryIndex): string[] {
  return [...runs].flatMap(([turn, lines]) => {
    let host: string | undefined;
    return lines.flatMap((line) => {
      if (line.step === 'begin') host = line.host;
      return line.host === host ? [] : [`${turn} did "${line.step}" in ${line.host} while it ran in ${host}`];
    });
  });
}

/**
 * What clients are told of a turn is what its last run said, from its first word on and no word twice. A log may have lost its head: of a
 * turn whose start is not in it nothing is known.
 */
function checkWords({ stores, runs }: HistoryIndex): string[] {
  const said = new Map<string, string>();
  for (const [session, entries] of Object.entries(stores.logs)) {
    if (stores.cutSessions?.includes(session) === true) continue;
    for (const { turn, event, data } of entries) {
      if (event === 'chat_start') said.set(turn, '');
      const { delta } = event === 'chat_delta' ? readEnvelope(data) : {};
      const before = said.get(turn);
      if (delta?.marker === 'answer' && before !== undefined) said.set(turn, before + (delta.text ?? ''));
    }
  }
  return [...said].flatMap(([turn, text]) => {
    const lines = runs.get(turn);
    if (lines === undefined) return [];
    const words = spoken(lines);
    if (words.startsWith(text)) return [];
    return [
      `the log of ${turn} has words that its host did not say in this order: ${shown(text)}, and the host ${shown(words)}`,
    ];
  });
}

const SHOWN_CHARACTERS = 300;
const shown = (text: string): string => JSON.stringify(text.slice(0, SHOWN_CHARACTERS));

function spoken(lines: readonly BundleRecord[]): string {
  const last = lines.findLastIndex(({ step }) => step === 'begin');
  return lines
    .slice(last)
    .map(({ text }) => text ?? '')
    .join('');
}
