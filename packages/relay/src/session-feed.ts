import type { LogEntry } from '@switchyard/protocol';
import type { EventLog, LogPage } from './event-log.ts';
import { readPublication } from './log-entry.ts';
import { compareLogIds, followsPosition, isSameEpoch, parseLogId, positionBefore } from './log-id.ts';
import { isProvenEnd } from './read-catch-up.ts';

/** Hears a session's events. Never throws: one reader's trouble is not another's. */
export interface FeedListener {
  onEntry(entry: LogEntry): void;
  /** Something between the last entry and `position` is gone for good. */
  onLost(position: string): void;
  /** Time went by without events: everything up to `position` has been seen. */
  onPosition(position: string): void;
  /** Several entries come in this tick, between these two. */
  onSeveral?(edge: 'begin' | 'end'): void;
}

/** What all feeds of a process share. */
export interface FeedOptions {
  log: EventLog;
  /** Life of a log after its last event. */
  ttlMs: number;
  pageSize: number;
  onHealed?: (entries: number) => void;
}

// Publications kept while the log is being read; beyond it they are dropped and read from the log instead.
const MAX_PENDING = 1000;

/**
 * One session's events in this process, in order and without a gap, for any number of listeners.
 *
 * Invariant: every entry up to `position` was delivered, or was there before the feed began. A publication goes on only
 * when its `prev` shows that it follows `position`; else the log is read from `position` (heal). While reading,
 * publications wait. An entry that cannot be reached from `position` any more is announced as `onLost`, never skipped in silence.
 */
export class SessionFeed {
  readonly #sessionId: string;
  readonly #options: FeedOptions;
  /** Replaced, never changed: a list that is being walked stays as it is. One or two entries, where a set would take its first table. */
  #listeners: readonly FeedListener[] = [];
  #position = '';
  #pending: LogEntry[] = [];
  /** Publications were dropped, or a read failed: the log has to be read again. */
  #isStale = true;
  #healing: Promise<void> | undefined;
  /** The pending entry for which the log was read once more already. */
  #soughtId = '';
  #isClosed = false;

  constructor(sessionId: string, options: FeedOptions) {
    this.#sessionId = sessionId;
    this.#options = options;
  }

  get position(): string {
    return this.#position;
  }

  get isStale(): boolean {
    return this.#isStale;
  }

  /** Call once the subscription stands: from here on nothing is missed. */
  async start(): Promise<void> {
    this.#isStale = false;
    const view = await this.#options.log.view(this.#sessionId);
    this.#position = view.position;
    // A reconnection meanwhile left its mark in #isStale.
    if (!this.#isStale) this.#drainPending();
    if (this.#isStale) await this.heal();
  }

  /** Starts delivering to a listener; it gets exactly what comes after the returned position. */
  attach(listener: FeedListener): string {
    this.#listeners = [...this.#listeners, listener];
    return this.#position;
  }

  detach(listener: FeedListener): void {
    this.#listeners = this.#listeners.filter((each) => each !== listener);
  }

  close(): void {
    this.#isClosed = true;
    this.#listeners = [];
    this.#pending = [];
  }

  onPublication(message: string): void {
    const entries = readPublication(message);
    if (entries === undefined || this.#isClosed) return;
    if (entries.length === 1) return this.#hear(entries);
    const listeners = this.#listeners;
    for (const listener of listeners) listener.onSeveral?.('begin');
    this.#hear(entries);
    for (const listener of listeners) listener.onSeveral?.('end');
  }

  #hear(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      if (this.#position !== '' && !this.#isStale && this.#healing === undefined) this.#accept(entry);
      else this.#wait(entry);
    }
  }

  #wait(entry: LogEntry): void {
    this.#pending.push(entry);
    if (this.#pending.length <= MAX_PENDING) return;
    this.#pending = [];
    this.#isStale = true;
  }

  /** After a reconnection: what was published meanwhile is in the log alone. */
  reread(): Promise<void> {
    this.#isStale = true;
    return this.heal();
  }

  /** Reads the log from the position on: after a gap, a reconnection, or a silence that should be proven. Never rejects. */
  heal(): Promise<void> {
    if (this.#position === '') return Promise.resolve();
    this.#healing ??= this.#readLog().finally(() => {
      this.#healing = undefined;
    });
    return this.#healing;
  }

  async #readLog(): Promise<void> {
    const { log, pageSize } = this.#options;
    let found = 0;
    try {
      do {
        this.#isStale = false;
        for (;;) {
          const page = await log.readAfter(this.#sessionId, this.#position, pageSize);
          if (this.#isClosed) return;
          for (const entry of page.entries) this.#deliverFromLog(entry);
          found += page.entries.length;
          if (!page.isEnd) continue;
          this.#moveOver(page);
          break;
        }
        this.#drainPending();
      } while (this.#isStale);
    } catch {
      // Redis is away. The reconnection or the next tick heals; nothing is delivered until then.
      this.#isStale = true;
    }
    if (found > 0) this.#options.onHealed?.(found);
  }

  /** Goes on with what was published while the log was being read. */
  #drainPending(): void {
    while (this.#pending.length > 0) {
      const entry = this.#pending[0];
      if (entry === undefined) return;
      const isNew = compareLogIds(entry.logId, this.#position) > 0;
      if (isNew && !this.#follows(entry) && this.#soughtId !== entry.logId) {
        // Its forerunner was not published to us: the log, read once more, has both. If not, they are gone for good.
        this.#soughtId = entry.logId;
        this.#isStale = true;
        return;
      }
      this.#pending.shift();
      this.#deliverFromLog(entry);
    }
  }

  #accept(entry: LogEntry): void {
    // The common case, told without reading numbers: an entry of one epoch is behind its own forerunner.
    if (entry.prev === this.#position && isSameEpoch(entry.logId, entry.prev)) return this.#deliver(entry);
    if (compareLogIds(entry.logId, this.#position) <= 0) return;
    if (this.#follows(entry)) return this.#deliver(entry);
    this.#pending.push(entry);
    void this.heal();
  }

  #deliverFromLog(entry: LogEntry): void {
    if (compareLogIds(entry.logId, this.#position) <= 0) return;
    if (!this.#follows(entry)) this.#lose(positionBefore(entry.logId));
    this.#deliver(entry);
  }

  #lose(position: string): void {
    this.#position = position;
    for (const listener of this.#listeners) listener.onLost(position);
  }

  #follows(entry: LogEntry): boolean {
    return followsPosition(entry, this.#position, this.#options.ttlMs);
  }

  #deliver(entry: LogEntry): void {
    this.#position = entry.logId;
    for (const listener of this.#listeners) listener.onEntry(entry);
  }

  /** The log has nothing after our position: time went by, or what was there is gone. */
  #moveOver(page: LogPage): void {
    const { now } = page;
    const [from, to] = [parseLogId(this.#position), parseLogId(now)];
    // Epoch 0 is a Redis that nobody used yet, or one whose data is being rebuilt: it says nothing of ours.
    if (to === undefined || to.epoch === 0 || compareLogIds(now, this.#position) <= 0) return;
    if (from?.epoch !== 0 && !isProvenEnd(page, this.#position, this.#options.ttlMs)) return this.#lose(now);
    this.#position = now;
    for (const listener of this.#listeners) listener.onPosition(now);
  }
}
