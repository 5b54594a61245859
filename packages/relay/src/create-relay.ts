import type { Clock } from '@switchyard/kernel';
import type { Keys, RedisConnection, Subscriber } from '@switchyard/redis';
import type { Metrics } from '@switchyard/telemetry';
import { createJoin } from './create-join.ts';
import { createEventLog } from './event-log.ts';
import type { NewEntry } from './event-log.ts';
import { Follower } from './follower.ts';
import type { FollowerParts } from './follower.ts';
import type { StreamTarget } from './matches-stream.ts';
import { createReadGate } from './read-gate.ts';
import { SessionFeeds } from './session-feeds.ts';
import { createBoundedLog } from './bounded-log.ts';
import { createProjectNotices } from './project-notices.ts';

export interface RelayConfig {
  /** Life of a session's log after its last event; the number of `append-event`. */
  logTtlMs: number;
  /** A session that was silent for this long is compared with its log. */
  tailCheckMs: number;
  /** Entries of one read. */
  pageSize: number;
  /** Reads of logs that are under way at once; more of them wait, first come, first served. */
  maxReads: number;
}

export const RELAY_DEFAULTS: RelayConfig = {
  logTtlMs: 15 * 60_000,
  tailCheckMs: 15_000,
  pageSize: 500,
  maxReads: 32,
};

export interface RelayOptions {
  redis: RedisConnection;
  subscriber: Subscriber;
  keys: Keys;
  clock: Clock;
  metrics: Metrics;
  config?: Partial<RelayConfig>;
}

export interface FollowOptions extends StreamTarget {
  sessionId: string;
  /** The id that the client says it has. */
  lastEventId?: string;
  /** Without `lastEventId`: begin at the start of the running turns that this stream would see (`replay=turn`). */
  replayTurn?: boolean;
  /** Without `lastEventId`: begin with the oldest entry that is still there. Claims nothing about what was before. */
  fromStart?: boolean;
  /** What may wait for this reader, in bytes. */
  maxBufferBytes: number;
}

export interface Relay {
  /** Opens a view of a session's events; `start` it once, `close` it when done. Rejects with UNAVAILABLE when Redis is away. */
  follow(options: FollowOptions): Promise<Follower>;
  /** Writes an event that belongs to no running turn; returns its log id. */
  publish(entry: NewEntry): Promise<string>;
  /** A position that misses nothing from now on: give it to a client that has just read the rest. */
  lastLogId(sessionId: string): Promise<string>;
  /** Open followers of this process. */
  readonly followerCount: number;
  /** What is held for all of their readers now, in bytes. */
  readonly heldBytes: number;
  /** Reads of logs: under way, and how many were at once at most. */
  readonly reads: Readonly<{ active: number; peak: number; total: number }>;
  close(): Promise<void>;
}

const TICK_MS = 1000;

export function createRelay({ redis, subscriber, keys, clock, metrics, config }: RelayOptions): Relay {
  const settings: RelayConfig = { ...RELAY_DEFAULTS, ...config };
  const { logTtlMs: ttlMs, pageSize } = settings;
  const gate = createReadGate(settings.maxReads);
  const log = createBoundedLog(createEventLog(redis, keys), gate);
  const { healed, joins, lagged } = relayCounters(metrics);
  const feeds = new SessionFeeds({
    subscriber,
    keys,
    clock,
    log,
    ttlMs,
    pageSize,
    tailCheckMs: settings.tailCheckMs,
    onHealed: (count) => healed.add({}, count),
  });
  const join = createJoin(log, ttlMs);
  const followers = new Set<Follower>();
  const heldBytes = () => [...followers].reduce((sum, follower) => sum + follower.heldBytes, 0);
  const held = metrics.gauge('switchyard_relay_held_bytes', 'Events that wait for slow readers, in bytes.');
  metrics.onScrape(() => held.set(heldBytes()));
  const notices = createProjectNotices(subscriber, keys, followers);
  const followerParts: FollowerParts = {
    log,
    pageSize,
    ttlMs,
    onEnd(follower, reason) {
      followers.delete(follower);
      feeds.release(follower.sessionId, follower.feed);
      notices.release();
      if (reason === 'lagged') lagged.add();
    },
  };
  const ticker = setInterval(() => feeds.tick(), TICK_MS);
  ticker.unref();

  return {
    async follow(options) {
      const { sessionId } = options;
      await notices.acquire();
      const feed = await feeds.acquire(sessionId).catch((error: unknown) => {
        notices.release();
        throw error;
      });
      const follower = new Follower(feed, targetOf(options), followerParts);
      followers.add(follower);
      try {
        const decided = await join(feed, follower, options);
        follower.begin(decided);
        joins.add({ kind: decided.kind });
        return follower;
      } catch (error) {
        follower.close();
        throw error;
      }
    },
    publish: (entry) => log.append(entry),
    lastLogId: async (sessionId) => (await log.view(sessionId)).position,
    get followerCount() {
      return followers.size;
    },
    get heldBytes() {
      return heldBytes();
    },
    get reads() {
      return gate.counts;
    },
    async close() {
      clearInterval(ticker);
      for (const follower of Array.from(followers)) follower.close();
      await notices.close();
      await feeds.close();
    },
  };
}

/** What of it a follower keeps for as long as it lives. */
function targetOf({ sessionId, streamId, mode, maxBufferBytes, conversationId, turnId }: FollowOptions) {
  return {
    sessionId,
    streamId,
    mode,
    maxBufferBytes,
    ...(conversationId === undefined ? {} : { conversationId }),
    ...(turnId === undefined ? {} : { turnId }),
  };
}

function relayCounters(metrics: Metrics) {
  return {
    healed: metrics.counter(
      'switchyard_relay_healed_entries_total',
      'Events that were read from the log because their publication did not arrive.',
    ),
    joins: metrics.counter('switchyard_relay_joins_total', 'Streams opened, by how they went on.', ['kind']),
    lagged: metrics.counter(
      'switchyard_relay_lagged_total',
      'Streams closed because their reader was too slow.',
    ),
  };
}
