import { compareLogIds } from './log-id.ts';
import type { MergedEntry } from './merge-deltas.ts';

/**
 * What an entry is to the reader. `new`: it comes next. `known`: the reader has it. `aside`: a resync stands for it, but a word of the
 * platform is in nothing that can be read again, so it is told without an id. `split`: joined while it waited, over the point that the
 * reader has; half of it would be a repeat, and it cannot be split.
 */
export type EntryFate = 'new' | 'known' | 'aside' | 'split';

/** The last id that one reader has. Only grows, but for a resync, which begins anew. */
export class ReaderPosition {
  #id: string;
  /** What the feed says from now on is behind `#id`: ids of one feed only grow. */
  #isPast = false;
  /** Where the last resync began to stand for the events; far ahead as long as there was none. */
  #resyncedFrom = '9999999999-0';

  constructor(id: string) {
    this.#id = id;
  }

  get id(): string {
    return this.#id;
  }

  /** The reader came with an id of its own. Before anything was taken. */
  begin(id: string): void {
    this.#id = id;
  }

  /**
   * Judges an entry; a `new` one is the reader's from here on.
   * @param isLive it comes from the feed: after the first new one, all that follow are
   */
  take({ logId, firstLogId, event }: MergedEntry, isLive: boolean): EntryFate {
    if (!this.#isPast) {
      if (compareLogIds(logId, this.#id) <= 0) {
        const isStoodFor = compareLogIds(logId, this.#resyncedFrom) > 0;
        return event === 'chat_service' && isStoodFor ? 'aside' : 'known';
      }
      if (compareLogIds(firstLogId ?? logId, this.#id) <= 0) return 'split';
      this.#isPast = isLive;
    }
    this.#id = logId;
    return 'new';
  }

  /** False: the reader is there already. */
  move(id: string): boolean {
    if (compareLogIds(id, this.#id) <= 0) return false;
    this.#id = id;
    return true;
  }

  /** A resync stands for all from `from` up to `position`. */
  resync(from: string, position: string): void {
    this.#resyncedFrom = from;
    this.#id = position;
    this.#isPast = false;
  }
}
