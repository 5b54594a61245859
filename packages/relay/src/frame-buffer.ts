import { mergeDeltas } from './merge-deltas.ts';
import type { MergedEntry } from './merge-deltas.ts';

/** What waits for a reader: entries, a notice that is in no log, a bare position, or the news that the log lost something before this point. */
export type BufferItem =
  | { kind: 'entry'; entry: MergedEntry }
  | { kind: 'notice'; data: string }
  | { kind: 'position'; id: string }
  | { kind: 'lost'; position: string }
  | { kind: 'lagged' };

// Room for the names of an entry beside its data.
const ENTRY_OVERHEAD_BYTES = 200;
// After merging this much must be free again, or the merging itself would become the work (each one reads the whole buffer).
const MERGE_TARGET = 0.75;

/**
 * Holds what a reader has not taken yet, bounded in bytes. Over the bound neighbouring deltas are merged; if that does not
 * help, everything is dropped for one last `lagged`: the reader's client resumes from its last id, so nothing is lost.
 */
export class FrameBuffer {
  readonly #maxBytes: number;
  #items: BufferItem[] = [];
  #bytes = 0;
  #isLagged = false;
  #isClosed = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get isLagged(): boolean {
    return this.#isLagged;
  }

  /** What waits now, by this buffer's own counting. Once `push` has returned: at most the bound, or one event that is larger. */
  get bytes(): number {
    return this.#bytes;
  }

  push(item: BufferItem): void {
    if (this.#isLagged || this.#isClosed) return;
    const last = this.#items.at(-1);
    // Only the newest position means anything.
    if (item.kind === 'position' && last?.kind === 'position') this.#items[this.#items.length - 1] = item;
    else {
      this.#items.push(item);
      this.#bytes += sizeOf(item);
    }
    if (this.#bytes > this.#maxBytes) this.#shrink();
  }

  get isEmpty(): boolean {
    return this.#items.length === 0;
  }

  /** The next item, if there is one. */
  shift(): BufferItem | undefined {
    const item = this.#items.shift();
    if (item !== undefined) this.#bytes -= sizeOf(item);
    return item;
  }

  close(): void {
    this.#isClosed = true;
    this.#items = [];
    this.#bytes = 0;
  }

  #shrink(): void {
    const items: BufferItem[] = [];
    let run: MergedEntry[] = [];
    const flush = () => {
      for (const entry of mergeDeltas(run)) items.push({ kind: 'entry', entry });
      run = [];
    };
    for (const item of this.#items) {
      if (item.kind === 'entry') run.push(item.entry);
      else {
        flush();
        items.push(item);
      }
    }
    flush();
    const bytes = items.reduce((sum, item) => sum + sizeOf(item), 0);
    // One event alone may be larger than the bound: a reader who keeps up gets it, and nobody else would be better off.
    // What was joined from several is none: it would grow for ever.
    const [first] = items;
    const isOneEvent = items.length === 1 && first?.kind === 'entry' && first.entry.firstLogId === undefined;
    this.#isLagged = !isOneEvent && bytes > this.#maxBytes * MERGE_TARGET;
    this.#items = this.#isLagged ? [{ kind: 'lagged' }] : items;
    this.#bytes = this.#isLagged ? 0 : bytes;
  }
}

function sizeOf(item: BufferItem): number {
  if (item.kind === 'notice') return ENTRY_OVERHEAD_BYTES + Buffer.byteLength(item.data);
  return ENTRY_OVERHEAD_BYTES + (item.kind === 'entry' ? Buffer.byteLength(item.entry.data) : 0);
}
