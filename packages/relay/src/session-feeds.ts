import { PlatformError, withTimeout } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import type { Keys, Subscriber } from '@switchyard/redis';
import { SessionFeed } from './session-feed.ts';
import type { FeedOptions } from './session-feed.ts';

export interface FeedsOptions extends FeedOptions {
  subscriber: Subscriber;
  keys: Keys;
  clock: Clock;
  /** A feed that heard nothing for this long is compared with its log: a publication lost at the very end shows nowhere else. */
  tailCheckMs: number;
}

interface Held {
  feed: SessionFeed;
  started: Promise<void>;
  leave: (() => Promise<void>) | undefined;
  holders: number;
  heardAt: number;
}

// Log reads of one tick: a reconnection or a silent night must not send thousands of them at once.
const CHECKS_PER_TICK = 200;
// A subscription waits for a reconnection as long as a client would.
const SUBSCRIBE_LIMIT_MS = 5000;

/** The feeds of this process: one per session however many streams follow it, gone with the last of them. */
export class SessionFeeds {
  readonly #options: FeedsOptions;
  readonly #held = new Map<string, Held>();
  readonly #removeReconnect: () => void;

  constructor(options: FeedsOptions) {
    this.#options = options;
    this.#removeReconnect = options.subscriber.onReconnect(() => this.#healAll());
  }

  get count(): number {
    return this.#held.size;
  }

  /** The session's feed, started. Every acquire needs one `release`; a rejected one needs none. */
  async acquire(sessionId: string): Promise<SessionFeed> {
    let held = this.#held.get(sessionId);
    if (held === undefined) this.#held.set(sessionId, (held = this.#open(sessionId)));
    held.holders += 1;
    try {
      await held.started;
      return held.feed;
    } catch (error) {
      this.#release(sessionId, held);
      throw error;
    }
  }

  release(sessionId: string, feed: SessionFeed): void {
    const held = this.#held.get(sessionId);
    if (held?.feed === feed) this.#release(sessionId, held);
  }

  /** Compares silent feeds with their logs and repeats what failed. Called every second. */
  tick(): void {
    const now = this.#options.clock.monotonic();
    let checks = 0;
    for (const held of this.#held.values()) {
      if (checks >= CHECKS_PER_TICK) return;
      if (!held.feed.isStale && now - held.heardAt < this.#options.tailCheckMs) continue;
      held.heardAt = now;
      checks += 1;
      void held.feed.heal();
    }
  }

  async close(): Promise<void> {
    this.#removeReconnect();
    const all = [...this.#held.values()];
    this.#held.clear();
    for (const { feed } of all) feed.close();
    for (const { leave } of all) await leave?.();
  }

  #open(sessionId: string): Held {
    const { subscriber, keys, clock } = this.#options;
    const feed = new SessionFeed(sessionId, this.#options);
    const held: Held = {
      feed,
      started: Promise.resolve(),
      leave: undefined,
      holders: 0,
      heardAt: clock.monotonic(),
    };
    const start = async () => {
      const leave = await subscribeInTime(subscriber, keys.relay(sessionId), (message) => {
        held.heardAt = clock.monotonic();
        feed.onPublication(message);
      });
      held.leave = leave;
      // Everybody may have gone while the subscription was under way.
      if (this.#held.get(sessionId) !== held) return leave();
      await feed.start();
    };
    held.started = start();
    return held;
  }

  #release(sessionId: string, held: Held): void {
    held.holders -= 1;
    if (held.holders > 0) return;
    if (this.#held.get(sessionId) === held) this.#held.delete(sessionId);
    held.feed.close();
    // A failed unsubscribe means a broken connection, and with it the subscription is gone as well.
    void held.leave?.().catch(() => undefined);
  }

  #healAll(): void {
    for (const { feed } of this.#held.values()) void feed.reread();
  }
}

/** Rejects UNAVAILABLE when it does not stand in time. */
export async function subscribeInTime(
  subscriber: Subscriber,
  channel: string,
  listener: (message: string) => void,
): Promise<() => Promise<void>> {
  const subscription = subscriber.subscribe(channel, listener);
  try {
    return await withTimeout(subscription, SUBSCRIBE_LIMIT_MS, 'subscribing');
  } catch (error) {
    // One that is confirmed after all is given back at once.
    subscription.then((leave) => leave()).catch(() => undefined);
    throw PlatformError.of('UNAVAILABLE', 'Events cannot be followed right now.', { cause: error });
  }
}
