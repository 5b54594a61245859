import { isAfter } from '@switchyard/client';
import type { StreamEvent, StreamState } from '@switchyard/client';
import type { TabLink, TabMessage } from './tab-link.ts';

/** One open stream, as the client's EventFollower. */
export interface OpenStream {
  readonly lastEventId: string | undefined;
  close(): void;
  wake(): void;
}

export interface SessionFeedOptions {
  openStream(options: {
    lastEventId: string | undefined;
    onEvent(event: StreamEvent): void;
    onState(state: StreamState): void;
  }): OpenStream;
  /** Made at the start: only then it is known whose tabs these are. */
  openLink(): TabLink;
  onEvent(event: StreamEvent): void;
  onState(state: StreamState): void;
  now(): number;
}

/**
 * The events of the session, once, whichever tab receives them. One tab leads: it holds the stream and tells the others.
 * Every tab knows its own position, so a tab that takes over goes on from what it has itself seen, what reaches it twice
 * is dropped by id, and what it missed (it was opened while the leader was telling) is a `resync` to it.
 *
 * `anchored`: this tab has a place in the log. What is read from the server after that cannot fall into a gap, because
 * everything later than it arrives here.
 */
export class SessionFeed {
  readonly #options: SessionFeedOptions;
  #position: string | undefined;
  #stream: OpenStream | undefined;
  #state: StreamState;
  #link: TabLink | undefined;
  #isAnchored = false;
  #settleAnchor: () => void = () => undefined;
  readonly anchored: Promise<void>;

  constructor(options: SessionFeedOptions) {
    this.#options = options;
    this.#state = { status: 'connecting', since: options.now() };
    this.anchored = new Promise((resolve) => {
      this.#settleAnchor = resolve;
    });
  }

  get isStarted(): boolean {
    return this.#link !== undefined;
  }

  get isAnchored(): boolean {
    return this.#isAnchored;
  }

  get state(): StreamState {
    return this.#state;
  }

  /** Begins to listen, from `position` on when there is one, else from now. A second call only lends its position. */
  start(position?: string): void {
    if (position !== undefined) this.#anchorAt(position);
    if (this.#link !== undefined) return;
    this.#link = this.#options.openLink();
    this.#link.start({
      onLead: () => this.#lead(),
      onFollow: () => this.#stopLeading(),
      onMessage: (message) => this.#hear(message),
      describe: () => ({
        kind: 'here',
        state: this.#state,
        position: this.#position,
        isAnchored: this.#isAnchored,
      }),
    });
  }

  /** The page or the network came back. */
  wake(): void {
    this.#stream?.wake();
    this.#link?.wake();
  }

  close(): void {
    this.#stopLeading();
    this.#link?.close();
  }

  /** Only a feed without a place in the log takes one; a stream that was opened without it starts over from there. */
  #anchorAt(position: string): void {
    if (this.#isAnchored) return;
    this.#position = position;
    this.#anchor();
    if (this.#stream !== undefined) {
      this.#stopLeading();
      this.#lead();
    }
  }

  #anchor(): void {
    this.#isAnchored = true;
    this.#settleAnchor();
  }

  #lead(): void {
    // Of this stream. Ours may be another: we hear on what a former leader told.
    let position = this.#position;
    this.#stream ??= this.#options.openStream({
      lastEventId: position,
      onEvent: (event) => {
        // A stream that begins now begins at its first id.
        const after = position ?? event.id;
        position = event.id ?? position;
        this.#hear({ kind: 'event', event, after });
        this.#link?.tell({ kind: 'event', event, after });
      },
      onState: (state) => {
        this.#become(state);
        this.#link?.tell({
          kind: 'here',
          state,
          position: this.#position,
          isAnchored: this.#isAnchored,
        });
      },
    });
  }

  #stopLeading(): void {
    const lastEventId = this.#stream?.lastEventId;
    this.#stream?.close();
    this.#stream = undefined;
    // Bare ids move a stream's position without an event: what the leader had is ours now.
    if (lastEventId !== undefined && isAfter(lastEventId, this.#position)) this.#position = lastEventId;
  }

  #hear(message: TabMessage): void {
    if (message.kind === 'event') {
      if (message.event.event !== 'resync') this.#comeTo(message.after);
      this.#take(message.event);
    }
    if (message.kind !== 'here' || this.#stream !== undefined) return;
    this.#become(message.state);
    if (!message.isAnchored) return;
    if (this.#isAnchored) return this.#comeTo(message.position);
    this.#position = message.position;
    this.#anchor();
  }

  /** What was told before we heard it is not told again: what is between here and there must be read. */
  #comeTo(position: string | undefined): void {
    if (position === undefined || this.#position === undefined || !isAfter(position, this.#position)) return;
    this.#take({ id: position, event: 'resync', data: { turns: [] } });
  }

  #take(event: StreamEvent): void {
    const isNews = event.id === undefined || event.event === 'resync' || isAfter(event.id, this.#position);
    if (!isNews) return;
    if (event.id !== undefined) this.#position = event.id;
    // The first frame of a stream says that it stands: all that happens from here on will come.
    if (!this.#isAnchored) this.#anchor();
    this.#options.onEvent(event);
  }

  #become(state: StreamState): void {
    if (state.status === 'closed') return;
    this.#state = state;
    this.#options.onState(state);
  }
}
