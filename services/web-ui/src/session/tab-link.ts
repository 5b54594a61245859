import type { StreamEvent, StreamState } from '@switchyard/client';

/**
 * What tabs tell one another. `here` answers `hello` and follows every change of the leader's stream. `after`: what whoever tells an
 * event had before it; who has less has missed something.
 */
export type TabMessage =
  | { kind: 'hello' }
  | { kind: 'here'; state: StreamState; position: string | undefined; isAnchored: boolean }
  | { kind: 'event'; event: StreamEvent; after: string | undefined };

export interface TabLinkHandlers {
  onLead(): void;
  onFollow(): void;
  onMessage(message: TabMessage): void;
  describe(): TabMessage;
}

export interface TabLink {
  start(handlers: TabLinkHandlers): void;
  tell(message: TabMessage): void;
  wake(): void;
  close(): void;
}

/** Where the browser lacks the means (no secure context), every tab leads itself. */
export function createLonelyTab(): TabLink {
  return {
    start: (handlers) => handlers.onLead(),
    tell: () => undefined,
    wake: () => undefined,
    close: () => undefined,
  };
}

export interface SharedTabsOptions {
  locks: Pick<LockManager, 'request'>;
  channel: Pick<BroadcastChannel, 'postMessage' | 'close' | 'onmessage'>;
  name: string;
  isVisible(): boolean;
  now(): number;
  /** Calls back about every `ms` until the returned function is called. */
  every(ms: number, tick: () => void): () => void;
}

/** How often a visible follower asks whether the leader is there; a leader answers from its message handler, which browsers do not slow down as they do timers. */
const HELLO_EVERY_MS = 4_000;
/** A leader that left two questions unanswered is frozen (a phone does that to tabs in the background). */
const LEADER_SILENCE_MS = 9_500;

/**
 * Leader election by a Web Lock: who holds it leads, when its tab ends the browser hands the lock to the next. A visible
 * tab whose leader fell silent takes the lock by force; the one that lost it queues up again as a follower.
 */
export function createSharedTabs(options: SharedTabsOptions): TabLink {
  const { locks, channel, name } = options;
  const closing = new AbortController();
  let handlers: TabLinkHandlers | undefined;
  let queued = new AbortController();
  let isLeading = false;
  let heardAt = options.now();
  let stopAsking: (() => void) | undefined;

  function hold(): Promise<void> {
    isLeading = true;
    handlers?.onLead();
    return new Promise((resolve) =>
      closing.signal.addEventListener('abort', () => resolve(), { once: true }),
    );
  }

  /** Waits for the lock, or takes it; resolves when this tab is over, starts again when the lock was taken from it. */
  async function campaign(force: boolean): Promise<void> {
    // Our own place in the queue is given up for the lock by force: it would be granted to us a second time later.
    queued.abort();
    queued = new AbortController();
    const request = force ? { steal: true } : { signal: queued.signal };
    // By this request: one that is given up for the lock by force has lost nothing, whichever of the two is told first.
    let hasLed = false;
    try {
      await locks.request(name, request, () => {
        hasLed = true;
        return hold();
      });
    } catch {
      if (closing.signal.aborted || !hasLed) return;
      isLeading = false;
      heardAt = options.now();
      handlers?.onFollow();
      void campaign(false);
    }
  }

  function ask(): void {
    if (isLeading || !options.isVisible()) return;
    if (options.now() - heardAt > LEADER_SILENCE_MS) {
      heardAt = options.now();
      void campaign(true);
    } else channel.postMessage({ kind: 'hello' });
  }

  channel.onmessage = ({ data }: MessageEvent<TabMessage>) => {
    if (data.kind === 'hello') {
      if (isLeading && handlers !== undefined) channel.postMessage(handlers.describe());
      return;
    }
    heardAt = options.now();
    handlers?.onMessage(data);
  };

  return {
    start(given) {
      handlers = given;
      void campaign(false);
      channel.postMessage({ kind: 'hello' });
      stopAsking = options.every(HELLO_EVERY_MS, ask);
    },
    tell(message) {
      if (isLeading) channel.postMessage(message);
    },
    wake() {
      // A tab that slept heard nobody, which says nothing about the leader: it gets the time to answer.
      if (options.now() - heardAt > LEADER_SILENCE_MS) heardAt = options.now() - HELLO_EVERY_MS;
      if (!isLeading) channel.postMessage({ kind: 'hello' });
    },
    close() {
      stopAsking?.();
      closing.abort();
      queued.abort();
      channel.close();
    },
  };
}
