import type { Percentiles } from '../src/latencies.ts';
import { createLatencies } from '../src/latencies.ts';
import { nowMs } from './token.ts';

export interface Tally extends Pick<Percentiles, 'p50' | 'p99'> {
  readonly tokens: number;
  /** Messages that carried them: fewer, where a side joins what a slow reader has not read yet. */
  readonly frames: number;
  readonly lost: number;
  readonly doubled: number;
  readonly outOfOrder: number;
}

/** What one reader has: which token comes next, and tokens that came too early. */
interface Reader {
  next: number;
  readonly early: Set<number>;
}

/** Counts what readers get. A token's latency counts from when it was due. */
export interface TokenLedger {
  /** Takes the text of one message for a reader. */
  take(reader: number, text: string): void;
  /** Readers that have all of so many tokens. */
  complete(tokens: number): number;
  tally(expectedEach: number, readers: number): Tally;
}

const TOKEN = /(\d+):(\d+\.\d+);/g;

export function createTokenLedger(): TokenLedger {
  const readers = new Map<number, Reader>();
  const latencies = createLatencies();
  let [tokens, frames, doubled, outOfOrder] = [0, 0, 0, 0];

  const note = (reader: Reader, index: number) => {
    if (index < reader.next || reader.early.has(index)) return void (doubled += 1);
    tokens += 1;
    if (index > reader.next) {
      outOfOrder += 1;
      reader.early.add(index);
      return;
    }
    reader.next += 1;
    while (reader.early.delete(reader.next)) reader.next += 1;
  };

  return {
    take(name, text) {
      const now = nowMs();
      let reader = readers.get(name);
      if (reader === undefined) readers.set(name, (reader = { next: 0, early: new Set() }));
      frames += 1;
      for (const [, index, due] of text.matchAll(TOKEN)) {
        latencies.record(now - Number(due));
        note(reader, Number(index));
      }
    },
    complete: (count) => [...readers.values()].filter(({ next }) => next >= count).length,
    tally(expectedEach, readerCount) {
      const { p50, p99 } = latencies.percentiles();
      return { tokens, frames, lost: expectedEach * readerCount - tokens, doubled, outOfOrder, p50, p99 };
    },
  };
}
