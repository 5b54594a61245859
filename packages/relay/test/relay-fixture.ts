import { systemClock } from '@switchyard/kernel';
import type { LogEntry } from '@switchyard/protocol';
import { connectRedis, createKeys, createSubscriber } from '@switchyard/redis';
import type { Keys, RedisConnection, Subscriber } from '@switchyard/redis';
import { createMetrics } from '@switchyard/telemetry';
import { createRelay } from '../src/create-relay.ts';
import type { Relay, RelayConfig } from '../src/create-relay.ts';
import type { Follower } from '../src/follower.ts';
import type { FollowedFrame } from '../src/frame-sink.ts';
import { framesOf } from './frames-of.ts';

export const SESSION = 'session-1';

export interface Bench {
  relay: Relay;
  redis: RedisConnection;
  subscriber: Subscriber;
  keys: Keys;
  /** Appends one answer delta of turn t1. */
  say(
    text: string,
    more?: Partial<Pick<LogEntry, 'streamId' | 'conversationId' | 'turnId' | 'event'>>,
  ): Promise<string>;
  /** Answer text of a whole log. */
  logText(): Promise<string>;
  close(): Promise<void>;
}

export interface BenchOptions {
  url: string;
  tenant: string;
  project: string;
  config?: Partial<RelayConfig>;
  /** Fault between Redis and relay: a publication for which it is true is lost. */
  drops?: () => boolean;
}

/** A relay over real connections, in a scope whose epoch is 1 of this Redis. */
export async function openBench({
  url,
  tenant,
  project,
  config,
  drops = () => false,
}: BenchOptions): Promise<Bench> {
  const keys = createKeys({ tenant, project });
  const at = { url, prefix: keys.prefix };
  const redis = await connectRedis({ ...at, name: 'relay-test', kind: 'commands' });
  const listening = await connectRedis({ ...at, name: 'relay-test-sub', kind: 'subscriber' });
  const inner = createSubscriber(listening);
  const subscriber: Subscriber = {
    subscribe: (channel, listener) =>
      inner.subscribe(channel, (message) => void (drops() || listener(message))),
    onReconnect: (listener) => inner.onReconnect(listener),
    get channelCount() {
      return inner.channelCount;
    },
  };
  await redis.driver.hsetnx(keys.epoch(), 'n', '1');
  await redis.driver.hset(keys.epoch(), { run_id: redis.runId() });
  const relay = createRelay({
    redis,
    subscriber,
    keys,
    clock: systemClock,
    metrics: createMetrics({ service: 'test' }),
    config: { tailCheckMs: 200, ...config },
  });
  let index = 0;
  return {
    relay,
    redis,
    subscriber,
    keys,
    say: (text, more = {}) =>
      relay.publish({
        sessionId: SESSION,
        event: 'chat_delta',
        streamId: 's1',
        conversationId: 'c1',
        turnId: 't1',
        data: deltaBody(text, index++),
        ...more,
      }),
    logText: async () => {
      const entries = (await redis.driver.xrange(keys.events(SESSION), '-', '+')) as [string, string[]][];
      return entries.map(([, fields]) => textOf(fields[fields.indexOf('data') + 1])).join('');
    },
    close: async () => {
      await relay.close();
      await listening.close();
      await redis.close();
    },
  };
}

function deltaBody(text: string, index: number): string {
  return JSON.stringify({
    type: 'chat.delta',
    event: { agent: 'assistant' },
    delta: { text, marker: 'answer', index, completed: false },
    text,
    idx: index,
    extra: {},
  });
}

export function textOf(data: string | undefined): string {
  const body = JSON.parse(data ?? '{}') as { delta?: { text?: string } };
  return body.delta?.text ?? '';
}

/** Reads frames until `until` says so. The caller closes the follower. */
export async function readFrames(
  follower: Follower,
  until: (seen: readonly FollowedFrame[]) => boolean,
): Promise<FollowedFrame[]> {
  const seen: FollowedFrame[] = [];
  for await (const frame of framesOf(follower)) {
    seen.push(frame);
    if (until(seen)) break;
  }
  return seen;
}

export const textOfFrames = (frames: readonly FollowedFrame[]) =>
  frames.map((frame) => (frame.event === 'chat_delta' ? textOf(frame.data) : '')).join('');
