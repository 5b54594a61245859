import { createGroupTest } from '@switchyard/testkit';
import { describe, expect } from 'vitest';
import { SESSION, openBench, readFrames, textOf, textOfFrames } from '../test/relay-fixture.ts';
import type { Follower } from './follower.ts';
import type { FollowedFrame } from './frame-sink.ts';

const TESTS = { cluster: createGroupTest('cluster'), sentinel: createGroupTest('sentinel') };
const all = { sessionId: SESSION, streamId: 'me', mode: 'session', maxBufferBytes: 1024 * 1024 } as const;

const isOver = (seen: readonly FollowedFrame[]) => textOf(seen.at(-1)?.data) === 'after';
const eventsOf = (frames: readonly FollowedFrame[]) =>
  frames.map(({ event }) => event).filter((event) => event !== undefined);

/** Reads in the background; `frames` grows. */
function readOn(follower: Follower) {
  const frames: FollowedFrame[] = [];
  const over = readFrames(follower, (seen) => {
    frames.splice(0, frames.length, ...seen);
    return isOver(seen);
  });
  return { frames, over };
}

describe.for(['cluster', 'sentinel'] as const)('%s', { timeout: 90_000 }, (kind) => {
  const test = TESTS[kind];

  test('the master dies: a stream that was open and one that comes back are told to resync, then events go on', async ({
    redis,
    group,
  }) => {
    const bench = await openBench({ ...redis, url: group.url });
    const open = readOn(await bench.relay.follow(all));
    const before = await bench.say('before');
    await expect.poll(() => textOfFrames(open.frames)).toBe('before');
    const former = await group.masterOf(redis.prefix);
    await former.kill();
    const next = await group.successor(redis.prefix, former);
    await expect.poll(() => bench.redis.runId(), { timeout: 20_000 }).toBe(await next.info('run_id'));
    // Nothing is appended until somebody has made the data this server's.
    await expect(bench.say('too early')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    await bench.redis.driver.hset(bench.keys.epoch(), { n: '2', run_id: bench.redis.runId() });
    const back = await bench.relay.follow({ ...all, lastEventId: before });
    expect([back.resumedFrom, back.isResync]).toEqual([undefined, true]);
    const returned = readOn(back);
    // What is written before a resync is read is a part of it, and does not come once more.
    await expect.poll(() => eventsOf(open.frames)).toEqual(['chat_delta', 'resync']);
    await expect.poll(() => eventsOf(returned.frames)).toEqual(['resync']);
    await bench.say('after');
    await Promise.all([open.over, returned.over]);
    expect(eventsOf(open.frames)).toEqual(['chat_delta', 'resync', 'chat_delta']);
    // It joined before the feed that it shares had noticed: it hears of it once all the same.
    expect(eventsOf(returned.frames)).toEqual(['resync', 'chat_delta']);
    await bench.close();
  });
});
