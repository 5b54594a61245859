import type { LogEntry } from '@switchyard/protocol';
import type { LogView } from '../src/decide-join.ts';
import type { EventLog, LogPage } from '../src/event-log.ts';
import { CLOCK_MARGIN_MICROSECONDS, compareLogIds } from '../src/log-id.ts';
import type { RunningNow } from '../src/running-turns.ts';

/** Life of the model's log, as a relay is told. */
export const MODEL_TTL_MS = 60_000;
export const TURN = 't1';

/**
 * A session's log as `append-event.lua` and Redis' clock make it, under a test's hand: nothing is answered before the test
 * lets one read go, so that writes, cuts, flushes and publications can come between any two steps.
 */
export class ModelLog implements EventLog {
  /** All that was ever written, what is gone as well. */
  readonly written: LogEntry[] = [];
  #kept: LogEntry[] = [];
  #epoch = 1;
  /** Whose the data is: this server's, its forerunner's, or a rebuild's that is under way. */
  #owner: 'server' | 'forerunner' | 'rebuild' = 'server';
  #clock = 1_000_000_000_000;
  #expiresAt = 0;
  #started = '';
  #answer: { answerSoFar: string; logId: string } | undefined;
  readonly #reads: (() => void)[] = [];

  get waitingReads(): number {
    return this.#reads.length;
  }

  /** Lets one waiting read happen, at once and as a whole. */
  letOneGo(pick: number): void {
    const [read] = this.#reads.splice(pick % Math.max(1, this.#reads.length), 1);
    read?.();
  }

  passTime(microseconds: number): void {
    this.#clock += microseconds;
    if (this.#clock >= this.#expiresAt) this.#kept = [];
  }

  /** `undefined`: refused, as by every script while the data is not this server's. A rebuild itself writes. */
  write(letter: string, streamId: string, turnId: string): LogEntry | undefined {
    if (this.#owner === 'forerunner') return undefined;
    this.passTime(0);
    const last = this.#kept.at(-1);
    const [epoch = '', seq = ''] = last?.logId.split('-') ?? [];
    const next = Number(epoch) === this.#epoch ? Math.max(this.#clock, Number(seq) + 1) : this.#clock;
    const entry: LogEntry = {
      logId: `${this.#epoch}-${next}`,
      prev: last?.logId ?? '0-0',
      event: 'chat_delta',
      streamId,
      conversationId: 'c1',
      turnId,
      data: JSON.stringify({ delta: { text: letter, marker: 'answer', index: this.written.length } }),
    };
    this.written.push(entry);
    this.#kept.push(entry);
    this.#expiresAt = this.#clock + MODEL_TTL_MS * 1000;
    if (turnId !== TURN) return entry;
    if (this.#started === '') this.#started = entry.logId;
    this.#answer = { answerSoFar: (this.#answer?.answerSoFar ?? '') + letter, logId: entry.logId };
    return entry;
  }

  /** Trimmed to its newest entries. */
  cutTo(count: number): void {
    if (count > 0) this.#kept = this.#kept.slice(-count);
  }

  /** Redis came back without its last `lost` entries, or with none of them. */
  comeBackOlder(lost: number): void {
    this.#kept = this.#kept.slice(0, Math.max(0, this.#kept.length - lost));
    this.#owner = 'forerunner';
  }

  get isOwn(): boolean {
    return this.#owner === 'server';
  }

  /** The next step of the rebuild: it opens a new epoch and forgets what ran, then gives the data to this server. */
  rebuild(): void {
    if (this.#owner === 'forerunner') {
      this.#owner = 'rebuild';
      this.#epoch += 1;
      this.#started = '';
      this.#answer = undefined;
    } else this.#owner = 'server';
  }

  view(): Promise<LogView> {
    return this.#read(() => {
      const [first, last] = [this.#kept[0], this.#kept.at(-1)];
      const now = `${this.#epoch}-${this.#clock - CLOCK_MARGIN_MICROSECONDS}`;
      return {
        epoch: this.#shownEpoch,
        position: last !== undefined && compareLogIds(last.logId, now) > 0 ? last.logId : now,
        time: this.#position(0),
        ...(first === undefined ? {} : { first: { logId: first.logId, prev: first.prev } }),
      };
    });
  }

  readAfter(_sessionId: string, after: string, count: number): Promise<LogPage> {
    return this.#read(() => {
      const entries = this.#kept.filter((entry) => compareLogIds(entry.logId, after) > 0).slice(0, count);
      return {
        entries,
        isEnd: entries.length < count,
        tail: this.#kept.at(-1),
        time: this.#position(0),
        now: this.#position(CLOCK_MARGIN_MICROSECONDS),
      };
    });
  }

  readOne(_sessionId: string, logId: string): Promise<LogEntry | undefined> {
    return this.#read(() => this.#kept.find((entry) => entry.logId === logId));
  }

  runningTurns(): Promise<Map<string, string>> {
    return this.#read(() => new Map(this.#started === '' ? [] : [[TURN, this.#started]]));
  }

  running(): Promise<RunningNow | undefined> {
    return this.#read(() => {
      if (!this.isOwn) return undefined;
      const turns =
        this.#answer === undefined ? [] : [{ turnId: TURN, conversationId: 'c1', ...this.#answer }];
      return { newest: this.#kept.at(-1)?.logId ?? '', turns };
    });
  }

  append(): Promise<string> {
    throw new Error('the test writes by itself');
  }

  #position(marginMicroseconds: number): string {
    return `${this.#shownEpoch}-${this.#clock - marginMicroseconds}`;
  }

  get #shownEpoch(): number {
    return this.isOwn ? this.#epoch : 0;
  }

  #read<T>(answer: () => T): Promise<T> {
    return new Promise((resolve) => {
      this.#reads.push(() => {
        this.passTime(0);
        resolve(answer());
      });
    });
  }
}
