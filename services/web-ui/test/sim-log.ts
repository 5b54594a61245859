import type { LogEntry } from '@switchyard/protocol';
import { compareLogIds } from '@switchyard/relay';
import type { SimTime } from './sim-browser.ts';

/** A position without events is told this much in the past, as by the relay. */
const MARGIN_MS = 5_000;

/** A session's event log: ids as Redis makes them, cut at its beginning, lost with its Redis. */
export class SimLog {
  readonly #time: SimTime;
  readonly #listeners = new Set<LogListener>();
  #kept: LogEntry[] = [];
  #epoch = 1;
  #lastSeq = 0;
  /** What lies at or before it cannot be told any more. */
  #lostUpTo: string;

  constructor(time: SimTime) {
    this.#time = time;
    this.#lostUpTo = this.#at(2 * MARGIN_MS);
  }

  get kept(): readonly LogEntry[] {
    return this.#kept;
  }

  get tail(): string {
    return this.#kept.at(-1)?.logId ?? this.#at(MARGIN_MS);
  }

  /** What a reader has who has read everything else now. */
  get position(): string {
    const now = this.#at(MARGIN_MS);
    return compareLogIds(this.tail, now) > 0 ? this.tail : now;
  }

  append(entry: Pick<LogEntry, 'event' | 'conversationId' | 'turnId'>, body: object): LogEntry {
    const now = this.#time.now * 1000;
    this.#lastSeq = Math.max(this.#lastSeq + 1, now);
    const logged: LogEntry = {
      ...entry,
      logId: `${this.#epoch}-${this.#lastSeq}`,
      prev: this.#kept.at(-1)?.logId ?? '0-0',
      streamId: '',
      data: JSON.stringify(body),
    };
    this.#kept.push(logged);
    for (const listener of this.#listeners) listener.onEntry(logged);
    return logged;
  }

  /** Can everything after `id` still be told? */
  reachesBackTo(id: string): boolean {
    const isOfThis = id.startsWith(`${this.#epoch}-`) && compareLogIds(id, this.position) <= 0;
    return isOfThis && compareLogIds(id, this.#lostUpTo) >= 0;
  }

  after(id: string): LogEntry[] {
    return this.#kept.filter(({ logId }) => compareLogIds(logId, id) > 0);
  }

  cutTo(count: number): void {
    const cut = this.#kept.slice(0, Math.max(0, this.#kept.length - count));
    const last = cut.at(-1);
    if (last === undefined) return;
    this.#kept = this.#kept.slice(cut.length);
    this.#lostUpTo = last.logId;
    for (const listener of this.#listeners) listener.onCut();
  }

  /** Redis is another one: what it had is gone, ids begin with a higher epoch. */
  beginAnew(): void {
    this.#kept = [];
    this.#epoch += 1;
    this.#lastSeq = this.#time.now * 1000;
    this.#lostUpTo = `${this.#epoch}-0`;
    for (const listener of this.#listeners) listener.onLost(`${this.#epoch}-${this.#lastSeq}`);
  }

  /** Silent readers learn how far they are. */
  checkTail(): void {
    if (compareLogIds(this.tail, this.#at(MARGIN_MS)) >= 0) return;
    for (const listener of this.#listeners) listener.onPosition(this.#at(MARGIN_MS));
  }

  listen(listener: LogListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #at(agoMs: number): string {
    return `${this.#epoch}-${(this.#time.now - agoMs) * 1000}`;
  }
}

export interface LogListener {
  onEntry(entry: LogEntry): void;
  onCut(): void;
  onLost(position: string): void;
  onPosition(position: string): void;
}
