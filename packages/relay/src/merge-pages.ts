import type { LogEntry } from '@switchyard/protocol';
import { mergeDeltas } from './merge-deltas.ts';
import type { MergedEntry } from './merge-deltas.ts';

export interface MergedPage {
  readonly entries: readonly MergedEntry[];
  /** The last id that was read, whether its entry is one of them or not. */
  readonly reached: string | undefined;
  /** UTF-16 units of what was read and is not with the reader yet. */
  readonly bytes: number;
}

/**
 * Joins the deltas of pages of a log as of one: a run of them may go on in the next page, and a long answer becomes one frame as long as
 * it fits the buffer. `lost`, and nothing after it, when the log was cut meanwhile.
 */
export async function* mergePages(
  pages: AsyncIterable<readonly LogEntry[] | 'lost'>,
  matches: (entry: LogEntry) => boolean,
  maxFrameBytes: number,
): AsyncGenerator<MergedPage | 'lost'> {
  let waiting: MergedEntry[] = [];
  for await (const page of pages) {
    if (page === 'lost') return void (yield 'lost');
    const entries = mergeDeltas([...waiting, ...page.filter(matches)]);
    const bytes = sizeOf(entries);
    const last = entries.at(-1);
    waiting = last?.event === 'chat_delta' && last.data.length < maxFrameBytes ? entries.splice(-1) : [];
    yield { entries, reached: page.at(-1)?.logId, bytes };
  }
  yield { entries: waiting, reached: undefined, bytes: sizeOf(waiting) };
}

const sizeOf = (entries: readonly MergedEntry[]): number =>
  entries.reduce((sum, entry) => sum + entry.data.length, 0);
