import type { LogEntry } from '@switchyard/protocol';
import { expect } from 'vitest';
import type { Join } from '../src/decide-join.ts';
import { Follower } from '../src/follower.ts';
import type { FollowedFrame, Taken } from '../src/frame-sink.ts';
import { framesOf } from './frames-of.ts';
import type { JoinRequest } from '../src/create-join.ts';
import { compareLogIds } from '../src/log-id.ts';
import { matchesStream } from '../src/matches-stream.ts';
import type { SessionFeed } from '../src/session-feed.ts';
import { MODEL_TTL_MS } from './model-log.ts';
import type { ModelLog } from './model-log.ts';
import type { EventLog } from '../src/event-log.ts';

export interface ReaderParts {
  model: ModelLog;
  log: EventLog;
  feed: SessionFeed;
  join(feed: SessionFeed, follower: Follower, request: JoinRequest): Promise<Join>;
  mode: 'stream' | 'session';
  maxBufferBytes: number;
  /** Of its sink: one frame at a time, or all that there is. */
  says?: Taken;
}

const letterOf = (entry: Pick<LogEntry, 'data'>): string =>
  (JSON.parse(entry.data) as { delta: { text: string } }).delta.text;

/**
 * A client of one stream that checks every frame against all that was ever written: ids only grow, and between its former
 * id and a frame's there is exactly what the frame holds. A `resync` is the only thing that may move it over something.
 */
export class ModelReader {
  readonly #parts: ReaderParts;
  #position: string | undefined;
  #follower: Follower | undefined;
  #frames: AsyncGenerator<FollowedFrame> | undefined;
  #isTaking = false;
  resyncs = 0;
  lagged = 0;
  letters = 0;
  #failure: Error | undefined;

  constructor(parts: ReaderParts) {
    this.#parts = parts;
  }

  get isOpen(): boolean {
    return this.#follower !== undefined;
  }

  get isWaiting(): boolean {
    return this.#isTaking;
  }

  async open(): Promise<void> {
    const { feed, log, join, mode, maxBufferBytes } = this.#parts;
    const target = { sessionId: 's', streamId: 'me', mode, maxBufferBytes } as const;
    const parts = { log, pageSize: 5, ttlMs: MODEL_TTL_MS, onEnd: () => undefined };
    const follower = new Follower(feed, target, parts);
    this.#follower = follower;
    const lastEventId = this.#position;
    const decided = await join(feed, follower, {
      ...target,
      ...(lastEventId === undefined ? {} : { lastEventId }),
    });
    // It may have been closed while it waited.
    if (this.#follower !== follower) return;
    follower.begin(decided);
    if (decided.kind === 'fresh') this.#position = follower.position;
    if (decided.kind === 'resume') expect(decided.from).toBe(lastEventId);
    this.#frames = framesOf(follower, this.#parts.says);
  }

  close(): void {
    this.#follower?.close();
    this.#follower = undefined;
    this.#frames = undefined;
    this.#isTaking = false;
  }

  /** Asks for one frame; checked when it comes. */
  async take(): Promise<void> {
    const frames = this.#frames;
    if (frames === undefined || this.#isTaking) return;
    this.#isTaking = true;
    const next = await frames.next();
    if (this.#frames !== frames) return;
    this.#isTaking = false;
    if (next.done === true) return this.close();
    try {
      this.#check(next.value);
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
    }
  }

  /** No frame was wrong, and nothing that this reader should have is missing. */
  expectAll(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const rest = this.#owed(undefined);
    expect(rest.map((entry) => entry.logId)).toEqual([]);
  }

  #check({ id, event, data }: FollowedFrame): void {
    if (event === 'lagged') {
      this.lagged += 1;
      return this.close();
    }
    if (event === 'resync') return this.#resync(id ?? '', data ?? '');
    expect(compareLogIds(id ?? '', this.#position ?? '')).toBeGreaterThan(0);
    const owed = this.#owed(id);
    const text = event === undefined ? '' : letterOf({ data: data ?? '' });
    expect(text).toBe(owed.map(letterOf).join(''));
    this.letters += text.length;
    this.#position = id;
  }

  #resync(id: string, data: string): void {
    const { turns } = JSON.parse(data) as {
      turns: { turn_id: string; answer_so_far: string; log_id: string }[];
    };
    this.resyncs += 1;
    this.#position = id;
    for (const { turn_id: turnId, answer_so_far: answer, log_id: logId } of turns) {
      const before = this.#parts.model.written.filter(
        (entry) => entry.turnId === turnId && compareLogIds(entry.logId, id) <= 0,
      );
      // A resync is one moment: of a turn it tells all that was written up to it, and nothing that comes after it again.
      expect(compareLogIds(logId, id)).toBeLessThanOrEqual(0);
      expect(before.map(letterOf).join('').endsWith(answer)).toBe(true);
    }
  }

  /** What was written for us after our position, up to `id`. */
  #owed(id: string | undefined): LogEntry[] {
    const { model, mode } = this.#parts;
    return model.written.filter(
      (entry) =>
        compareLogIds(entry.logId, this.#position ?? '') > 0 &&
        (id === undefined || compareLogIds(entry.logId, id) <= 0) &&
        matchesStream(entry, { mode, streamId: 'me' }),
    );
  }
}
