import type { LogEntry, StreamFrame } from '@switchyard/protocol';
import type { Join } from './decide-join.ts';
import type { EventLog } from './event-log.ts';
import { FrameBuffer } from './frame-buffer.ts';
import type { BufferItem } from './frame-buffer.ts';
import type { FollowedFrame, FrameSink } from './frame-sink.ts';
import { compareLogIds } from './log-id.ts';
import { matchesStream } from './matches-stream.ts';
import type { StreamTarget } from './matches-stream.ts';
import type { MergedEntry } from './merge-deltas.ts';
import { mergePages } from './merge-pages.ts';
import { readCatchUp } from './read-catch-up.ts';
import { ReaderPosition } from './reader-position.ts';
import { createResync } from './resync.ts';
import type { FeedListener, SessionFeed } from './session-feed.ts';

/** What all followers of a relay share. */
export interface FollowerParts {
  log: EventLog;
  pageSize: number;
  ttlMs: number;
  onEnd(follower: Follower, reason: 'closed' | 'lagged'): void;
}

export interface FollowerTarget extends StreamTarget {
  sessionId: string;
  maxBufferBytes: number;
}

// A stream that nothing matched for so many entries is told its position: on return it need not read them all again.
const UNMATCHED_BEFORE_MOVE = 64;

/**
 * One stream's view of a session: first what the log holds between its position and the feed's, then what arrives live.
 * Both halves meet at exactly one id, taken in the same tick in which the feed began to deliver: nothing twice, nothing missed.
 *
 * Live, an entry goes to the sink in the tick in which the feed has it. It waits in the buffer before `start`, while the sink says
 * `wait`, and while the log is being read (`#isReading`: catching up, or a resync).
 */
export class Follower implements FeedListener {
  readonly #parts: FollowerParts;
  readonly #target: FollowerTarget;
  readonly #buffer: FrameBuffer;
  readonly feed: SessionFeed;
  /** Where the live half begins. */
  readonly #joinedAt: string;
  #sink: FrameSink | undefined;
  #join: Join | undefined;
  readonly #reader: ReaderPosition;
  #unmatched = 0;
  #isClosed = false;
  #isReading = true;
  #isBehind = false;
  /** Goes on with the reading that waits for the sink. */
  #wake: (() => void) | undefined;
  /** Read from the log and not yet taken by the reader. */
  #catchUpBytes = 0;

  constructor(feed: SessionFeed, target: FollowerTarget, parts: FollowerParts) {
    this.#parts = parts;
    this.#target = target;
    this.feed = feed;
    this.#buffer = new FrameBuffer(target.maxBufferBytes);
    this.#joinedAt = feed.attach(this);
    this.#reader = new ReaderPosition(this.#joinedAt);
  }

  get sessionId(): string {
    return this.#target.sessionId;
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

  /** Decides where the stream begins. Called once, before `start`. */
  begin(join: Join): void {
    this.#join = join;
    if (join.kind === 'resume') this.#reader.begin(join.from);
  }

  /** Gives its frames to a sink from now on, until one of the two ends. Called once. */
  start(sink: FrameSink): void {
    this.#sink = sink;
    const join = this.#join;
    if (this.#isClosed) return sink.ended();
    if (join?.kind === 'resync') this.#read(() => this.#resync(this.#joinedAt));
    else if (join?.kind === 'resume') this.#read(() => this.#catchUp(join.from));
    else this.#goOn();
  }

  /** The sink takes frames again. */
  resume(): void {
    this.#isBehind = false;
    if (this.#wake !== undefined) this.#wake();
    else if (!this.#isReading) this.#drain();
  }

  close(): void {
    this.#end('closed');
  }

  /** A notice to the whole project: it is in no log, so it has no id and comes to who is there. A stream of one turn is not told. */
  notice(data: string): void {
    if (this.#target.turnId === undefined) this.#push({ kind: 'notice', data });
  }

  onEntry(entry: LogEntry): void {
    if (matchesStream(entry, this.#target)) {
      this.#unmatched = 0;
      if (this.#isFree) this.#write(entry);
      else this.#buffer.push({ kind: 'entry', entry });
    } else if (++this.#unmatched >= UNMATCHED_BEFORE_MOVE) {
      this.#unmatched = 0;
      this.#push({ kind: 'position', id: entry.logId });
    }
  }

  onSeveral(edge: 'begin' | 'end'): void {
    this.#sink?.several?.(edge);
  }

  onLost(position: string): void {
    this.#push({ kind: 'lost', position });
  }

  onPosition(id: string): void {
    this.#push({ kind: 'position', id });
  }

  get #isFree(): boolean {
    return !this.#isReading && !this.#isBehind && this.#buffer.isEmpty;
  }

  #push(item: BufferItem): void {
    if (this.#isFree) this.#deal(item);
    else this.#buffer.push(item);
  }

  /** Reads of the log, and the frames that come of it; what arrives meanwhile waits. */
  #read(step: () => Promise<void>): void {
    this.#isReading = true;
    step().then(
      () => this.#goOn(),
      (error: unknown) => this.#end('closed', error),
    );
  }

  #goOn(): void {
    this.#isReading = false;
    this.#drain();
  }

  #drain(): void {
    while (!this.#isReading && !this.#isBehind && !this.#isClosed) {
      const item = this.#buffer.shift();
      if (item === undefined) return;
      this.#deal(item);
    }
  }

  #deal(item: BufferItem): void {
    switch (item.kind) {
      case 'entry':
        if (!this.#write(item.entry)) this.#read(() => this.#resync(this.#reader.id));
        return;
      case 'position':
        return this.#move(item.id);
      case 'notice':
        return this.#give(frame({ event: 'chat_service', data: item.data }));
      case 'lost':
        // What was lost before a resync is in it: it was read after that.
        if (compareLogIds(item.position, this.#reader.id) > 0) this.#read(() => this.#resync(item.position));
        return;
      case 'lagged':
        this.#give(frame({ event: 'lagged', data: '{"reason":"slow_reader"}' }));
        return this.#end('lagged');
    }
  }

  #give(next: FollowedFrame): void {
    if (this.#isClosed) return;
    try {
      const taken = this.#sink?.take(next);
      if (taken === 'wait') this.#isBehind = true;
      else if (taken === 'end') this.#end(next.event === 'lagged' ? 'lagged' : 'closed');
    } catch (error) {
      // One reader's trouble is not that of the others whom the feed tells in the same loop.
      this.#end('closed', error);
    }
  }

  /** False: half of it would be a repeat, the reader needs a resync. */
  #write(entry: MergedEntry): boolean {
    const { logId, event, data, streamId, conversationId, turnId } = entry;
    switch (this.#reader.take(entry, !this.#isReading)) {
      case 'known':
        return true;
      case 'split':
        return false;
      case 'aside':
        this.#give({ event, data, streamId, conversationId, turnId });
        return true;
      case 'new':
        this.#give({ id: logId, event, data, streamId, conversationId, turnId });
        return true;
    }
  }

  #move(id: string): void {
    if (this.#reader.move(id)) this.#give(frame({ id }));
  }

  /** The sink's turn, in the midst of a reading. */
  async #ready(): Promise<void> {
    while (this.#isBehind && !this.#isClosed) await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }

  async #catchUp(from: string): Promise<void> {
    const { log, pageSize, ttlMs } = this.#parts;
    const { sessionId, maxBufferBytes } = this.#target;
    const read = readCatchUp({
      log,
      sessionId,
      from,
      upTo: this.#joinedAt,
      pageSize,
      pageBytes: maxBufferBytes,
      ttlMs,
    });
    let reached = from;
    const matches = (entry: LogEntry) => matchesStream(entry, this.#target);
    for await (const page of mergePages(read, matches, maxBufferBytes)) {
      if (this.#isClosed) return;
      // The log was cut while we read it: say so, and go on from where the live half begins.
      if (page === 'lost') return this.#resync(this.#joinedAt);
      reached = page.reached ?? reached;
      this.#catchUpBytes = page.bytes;
      await this.#writeAll(page.entries);
    }
    this.#catchUpBytes = 0;
    // Where nothing was said for a while the live half begins behind the last entry, and all up to there has been read.
    this.#move(newerOf(reached, this.#joinedAt));
    await this.#ready();
  }

  async #writeAll(entries: readonly MergedEntry[]): Promise<void> {
    for (const entry of entries) {
      // Closed while its reader was busy: a socket that resumes elsewhere must hear nothing more from here.
      if (this.#isClosed) return;
      if (!this.#write(entry)) await this.#resync(this.#reader.id);
      await this.#ready();
    }
  }

  async #resync(from: string): Promise<void> {
    // All that the feed has delivered so far happened before the answers are read.
    const after = newerOf(from, this.feed.position);
    const { data, position } = await createResync(this.#parts.log, this.sessionId, this.#target, after);
    this.#reader.resync(from, position);
    this.#give(frame({ id: position, event: 'resync', data }));
    await this.#ready();
  }

  #end(reason: 'closed' | 'lagged', error?: unknown): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.feed.detach(this);
    this.#buffer.close();
    this.#catchUpBytes = 0;
    this.#wake?.();
    this.#parts.onEnd(this, reason);
    this.#sink?.ended(error);
  }
}

const newerOf = (a: string, b: string): string => (compareLogIds(b, a) > 0 ? b : a);

function frame(parts: StreamFrame): FollowedFrame {
  return { ...parts, streamId: '', conversationId: '', turnId: '' };
}
