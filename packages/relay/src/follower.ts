import type { LogEntry, StreamFrame } from '@switchyard/protocol';
import type { Join } from './decide-join.ts';
import type { EventLog } from './event-log.ts';
import { FrameBuffer } from './frame-buffer.ts';
import { compareLogIds } from './log-id.ts';
import { matchesStream } from './matches-stream.ts';
import type { StreamTarget } from './matches-stream.ts';
import { mergeDeltas } from './merge-deltas.ts';
import type { MergedEntry } from './merge-deltas.ts';
import { readCatchUp } from './read-catch-up.ts';
import { createResync } from './resync.ts';
import type { FeedListener, SessionFeed } from './session-feed.ts';

/** A frame with what its reader may want to know of it beside what goes out. */
export interface FollowedFrame extends StreamFrame {
  readonly streamId: string;
  readonly conversationId: string;
  readonly turnId: string;
}

export interface FollowerOptions {
  sessionId: string;
  target: StreamTarget;
  log: EventLog;
  maxBufferBytes: number;
  pageSize: number;
  ttlMs: number;
  onEnd(reason: 'closed' | 'lagged'): void;
}

// A stream that nothing matched for so many entries is told its position: on return it need not read them all again.
const UNMATCHED_BEFORE_MOVE = 64;

/**
 * One stream's view of a session: first what the log holds between its position and the feed's, then what arrives live.
 * Both halves meet at exactly one id, taken in the same tick in which the feed began to deliver: nothing twice, nothing missed.
 */
export class Follower implements AsyncIterable<FollowedFrame> {
  readonly #options: FollowerOptions;
  readonly #buffer: FrameBuffer;
  readonly #feed: SessionFeed;
  readonly #listener: FeedListener;
  /** Where the live half begins. */
  readonly #joinedAt: string;
  #join: Join | undefined;
  /** The last id that the reader has. */
  #sent: string;
  #unmatched = 0;
  #isClosed = false;
  /** Read from the log and not yet taken by the reader. */
  #catchUpBytes = 0;
  /** Where the last resync began to stand for the events; far ahead as long as there was none. */
  #resyncedFrom = '9999999999-0';

  constructor(feed: SessionFeed, options: FollowerOptions) {
    this.#options = options;
    this.#feed = feed;
    this.#buffer = new FrameBuffer(options.maxBufferBytes);
    this.#listener = {
      onEntry: (entry) => this.#onEntry(entry),
      onLost: (position) => this.#buffer.push({ kind: 'lost', position }),
      onPosition: (id) => this.#buffer.push({ kind: 'position', id }),
    };
    this.#joinedAt = feed.attach(this.#listener);
    this.#sent = this.#joinedAt;
  }

  /** Where the live half begins: an id to give a client that has none yet. */
  get position(): string {
    return this.#joinedAt;
  }

  /** Set when it is proven that nothing between this id and now is missing. */
  get resumedFrom(): string | undefined {
    return this.#join?.kind === 'resume' ? this.#join.from : undefined;
  }

  /** Whether the first frame is `resync`. */
  get isResync(): boolean {
    return this.#join?.kind === 'resync';
  }

  /** What is held for this reader now. */
  get heldBytes(): number {
    return this.#buffer.bytes + this.#catchUpBytes;
  }

  /** Decides where the stream begins. Called once, before reading. */
  begin(join: Join): void {
    this.#join = join;
    if (join.kind === 'resume') this.#sent = join.from;
  }

  /** A notice to the whole project: it is in no log, so it has no id and comes to who is there. A stream of one turn is not told. */
  notice(data: string): void {
    if (this.#options.target.turnId === undefined) this.#buffer.push({ kind: 'notice', data });
  }

  close(): void {
    this.#end('closed');
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FollowedFrame> {
    try {
      if (this.#join?.kind === 'resync') yield await this.#resync(this.#joinedAt);
      if (this.#join?.kind === 'resume') yield* this.#catchUp(this.#join.from);
      for (;;) {
        const item = await this.#buffer.next();
        if (item === undefined) return;
        if (item.kind === 'lost') yield* this.#lose(item.position);
        else if (item.kind === 'position') yield* this.#move(item.id);
        else if (item.kind === 'entry') yield* this.#write(item.entry);
        else if (item.kind === 'notice') yield frame({ event: 'chat_service', data: item.data });
        else return void (yield frame({ event: 'lagged', data: '{"reason":"slow_reader"}' }));
      }
    } finally {
      this.#end(this.#buffer.isLagged ? 'lagged' : 'closed');
    }
  }

  async *#catchUp(from: string): AsyncGenerator<FollowedFrame> {
    const { log, sessionId, pageSize, ttlMs, target, maxBufferBytes } = this.#options;
    let waiting: MergedEntry[] = [];
    let reached = from;
    const pages = readCatchUp({
      log,
      sessionId,
      from,
      upTo: this.#joinedAt,
      pageSize,
      pageBytes: maxBufferBytes,
      ttlMs,
    });
    for await (const page of pages) {
      if (this.#isClosed) return;
      // The log was cut while we read it: say so, and go on from where the live half begins.
      if (page === 'lost') return void (yield await this.#resync(this.#joinedAt));
      reached = page.at(-1)?.logId ?? reached;
      const merged = mergeDeltas([...waiting, ...page.filter((entry) => matchesStream(entry, target))]);
      this.#catchUpBytes = merged.reduce((sum, entry) => sum + entry.data.length, 0);
      // The last run may go on in the next page; a long answer becomes one frame, as long as it fits the buffer.
      const last = merged.at(-1);
      waiting = last?.event === 'chat_delta' && last.data.length < maxBufferBytes ? merged.splice(-1) : [];
      for (const entry of merged) {
        yield* this.#write(entry);
        // Closed while its reader was busy: a socket that resumes elsewhere must hear nothing more from here.
        if (this.#isClosed) return;
      }
    }
    for (const entry of waiting) yield* this.#write(entry);
    this.#catchUpBytes = 0;
    yield* this.#move(reached);
  }

  /** What is not new to the reader is left out: it may know more than this process had heard of when it joined, or have a resync. */
  async *#write(entry: MergedEntry): AsyncGenerator<FollowedFrame> {
    const { logId, firstLogId = logId, event, data, streamId, conversationId, turnId } = entry;
    if (compareLogIds(logId, this.#sent) <= 0) {
      // A resync stands for it, but a word of the platform is in nothing that can be read again: told without an id.
      const isStoodFor = compareLogIds(logId, this.#resyncedFrom) > 0;
      if (event === 'chat_service' && isStoodFor) yield { event, data, streamId, conversationId, turnId };
    } else if (compareLogIds(firstLogId, this.#sent) <= 0) {
      // Joined while it waited, over the point that the reader has: half of it would be a repeat, and it cannot be split.
      yield await this.#resync(this.#sent);
    } else {
      this.#sent = logId;
      yield { id: logId, event, data, streamId, conversationId, turnId };
    }
  }

  *#move(id: string): Generator<FollowedFrame> {
    if (compareLogIds(id, this.#sent) <= 0) return;
    this.#sent = id;
    yield frame({ id });
  }

  /** What was lost before a resync is in it: it was read after that. */
  async *#lose(position: string): AsyncGenerator<FollowedFrame> {
    if (compareLogIds(position, this.#sent) > 0) yield await this.#resync(position);
  }

  async #resync(from: string): Promise<FollowedFrame> {
    const { log, sessionId, target } = this.#options;
    // All that the feed has delivered so far happened before the answers are read.
    const { data, position } = await createResync(log, sessionId, target, newerOf(from, this.#feed.position));
    this.#resyncedFrom = from;
    this.#sent = position;
    return frame({ id: position, event: 'resync', data });
  }

  #onEntry(entry: LogEntry): void {
    if (matchesStream(entry, this.#options.target)) {
      this.#unmatched = 0;
      this.#buffer.push({ kind: 'entry', entry });
    } else if (++this.#unmatched >= UNMATCHED_BEFORE_MOVE) {
      this.#unmatched = 0;
      this.#buffer.push({ kind: 'position', id: entry.logId });
    }
  }

  #end(reason: 'closed' | 'lagged'): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#feed.detach(this.#listener);
    this.#buffer.close();
    this.#catchUpBytes = 0;
    this.#options.onEnd(reason);
  }
}

const newerOf = (a: string, b: string): string => (compareLogIds(b, a) > 0 ? b : a);

function frame(parts: StreamFrame): FollowedFrame {
  return { ...parts, streamId: '', conversationId: '', turnId: '' };
}
