import { redisTest } from '@switchyard/testkit';
import fc from 'fast-check';
import { expect } from 'vitest';
import { framesOf } from '../test/frames-of.ts';
import { SESSION, openBench, readFrames, textOf, textOfFrames } from '../test/relay-fixture.ts';
import { compareLogIds } from './log-id.ts';
import type { FollowedFrame } from './frame-sink.ts';

const BUFFER = 1024 * 1024;
const all = { sessionId: SESSION, streamId: 'me', mode: 'session', maxBufferBytes: BUFFER } as const;
const END = '|end|';

function expectIncreasing(frames: readonly FollowedFrame[]): void {
  let last = '0-0';
  for (const { id } of frames) {
    if (id === undefined) continue;
    expect(compareLogIds(id, last)).toBeGreaterThan(0);
    last = id;
  }
}
const sawEnd = (frames: readonly FollowedFrame[]) => textOfFrames(frames.slice(-1)).endsWith(END);

redisTest('a follower gets what comes after it joined, in order', async ({ redis }) => {
  const bench = await openBench(redis);
  await bench.say('before');
  const follower = await bench.relay.follow(all);
  const ids = [await bench.say('a'), await bench.say('b')];
  const frames = await readFrames(follower, (seen) => seen.length === 2);
  expect(frames.map(({ id, event, turnId }) => [id, event, turnId])).toEqual(
    ids.map((id) => [id, 'chat_delta', 't1']),
  );
  expect(follower.resumedFrom).toBeUndefined();
  await bench.close();
});

redisTest(
  'publications lost at random, the last one too: nothing is missing and nothing comes twice',
  async ({ redis }) => {
    let state = 1;
    let dropped = 0;
    let isDeaf = false;
    // A small fixed generator: the run is the same every time.
    const random = () => (state = (state * 48271) % 2147483647) / 2147483647;
    const drops = () => {
      const isDropped = isDeaf || random() < 0.4;
      dropped += Number(isDropped);
      return isDropped;
    };
    const bench = await openBench({ ...redis, drops, config: { pageSize: 7 } });
    const follower = await bench.relay.follow(all);
    const reading = readFrames(follower, sawEnd);
    for (let i = 0; i < 300; i += 1) await bench.say(`${i},`);
    isDeaf = true;
    await bench.say(END);
    const frames = await reading;
    expect(dropped).toBeGreaterThan(100);
    expectIncreasing(frames);
    expect(textOfFrames(frames)).toBe(await bench.logText());
    await bench.close();
  },
);

redisTest('the subscriber connection is killed again and again: the log heals it', async ({ redis }) => {
  const server = await redis.privateServer();
  const bench = await openBench({ ...redis, url: server.url });
  const follower = await bench.relay.follow(all);
  const reading = readFrames(follower, sawEnd);
  let killed = 0;
  for (let i = 0; i < 200; i += 1) {
    if (i % 20 === 10) killed += Number(await bench.redis.driver.call('CLIENT', 'KILL', 'TYPE', 'pubsub'));
    await bench.say(`${i},`);
  }
  await bench.say(END);
  const frames = await reading;
  expect(killed).toBeGreaterThan(0);
  expectIncreasing(frames);
  expect(textOfFrames(frames)).toBe(await bench.logText());
  await bench.close();
});

redisTest('two joiners at random points: each has the whole answer, letter by letter', async ({ redis }) => {
  const bench = await openBench({ ...redis, config: { pageSize: 16 } });
  const start = await bench.relay.lastLogId(SESSION);
  const ids: string[] = [];
  const writing = (async () => {
    for (let i = 0; i < 200; i += 1) ids.push(await bench.say(`${i},`));
    ids.push(await bench.say(END));
  })();
  const joiner = async (waitFor: number) => {
    while (ids.length < waitFor) await new Promise((resolve) => setImmediate(resolve));
    const lastEventId = ids[Math.floor(waitFor / 2)] ?? start;
    const follower = await bench.relay.follow({ ...all, lastEventId });
    expect(follower.resumedFrom).toBe(lastEventId);
    const frames = await readFrames(follower, sawEnd);
    return { lastEventId, frames };
  };
  const points = fc.sample(fc.integer({ min: 0, max: 150 }), { numRuns: 8, seed: 7 });
  const results = await Promise.all(points.map(joiner));
  await writing;
  const entries = (await bench.redis.driver.xrange(bench.keys.events(SESSION), '-', '+')) as [
    string,
    string[],
  ][];
  for (const { lastEventId, frames } of results) {
    expectIncreasing(frames);
    const owed = entries
      .filter(([id]) => compareLogIds(id, lastEventId) > 0)
      .map(([, fields]) => textOf(fields[fields.indexOf('data') + 1]));
    expect(textOfFrames(frames)).toBe(owed.join(''));
  }
  await bench.close();
});

redisTest('a late joiner of a long answer gets one frame', async ({ redis }) => {
  const bench = await openBench({ ...redis, config: { pageSize: 100 } });
  const start = await bench.say('first');
  for (let i = 0; i < 500; i += 1) await bench.say('x');
  const last = await bench.say('y');
  const follower = await bench.relay.follow({ ...all, lastEventId: start });
  const [frame] = await readFrames(follower, (seen) => seen.length === 1);
  expect([frame?.id, textOf(frame?.data)]).toEqual([last, `${'x'.repeat(500)}y`]);
  await bench.close();
});

redisTest(
  'events go to their streams, and a stream for which there was nothing learns its position',
  async ({ redis }) => {
    const bench = await openBench(redis);
    const mine = await bench.relay.follow({
      sessionId: SESSION,
      streamId: 'mine',
      mode: 'stream',
      maxBufferBytes: BUFFER,
    });
    let last = '';
    for (let i = 0; i < 64; i += 1) last = await bench.say('x', { streamId: 'yours' });
    const forAll = await bench.say('all', { streamId: '' });
    const forMe = await bench.say('me', { streamId: 'mine' });
    const frames = await readFrames(mine, (seen) => seen.at(-1)?.id === forMe);
    expect(frames.filter((frame) => frame.event !== undefined).map((frame) => frame.id)).toEqual([
      forAll,
      forMe,
    ]);
    expect(frames.find((frame) => frame.event === undefined)?.id).toBe(last);
    await bench.close();
  },
);

redisTest(
  'an id of another epoch gets resync first, with the running turns and their answers, then live events only',
  async ({ redis }) => {
    const bench = await openBench(redis);
    const begun = await bench.say('', { event: 'chat_start' });
    await bench.redis.driver.hset(bench.keys.runningTurns(SESSION), 't1', begun);
    const covered = await bench.say('so far');
    await bench.redis.driver.set(bench.keys.snapshot('t1'), `${covered}\nso far`);
    const follower = await bench.relay.follow({ ...all, lastEventId: '0-17' });
    const frames: FollowedFrame[] = [];
    const reading = (async () => {
      for await (const frame of framesOf(follower)) if (frames.push(frame) === 2) break;
    })();
    await expect.poll(() => frames.length).toBe(1);
    const next = await bench.say(' and on');
    await reading;
    expect([follower.resumedFrom, follower.isResync]).toEqual([undefined, true]);
    expect([frames[0]?.event, JSON.parse(frames[0]?.data ?? '')]).toEqual([
      'resync',
      { turns: [{ turn_id: 't1', conversation_id: 'c1', answer_so_far: 'so far', log_id: covered }] },
    ]);
    expect([frames[1]?.id, textOf(frames[1]?.data)]).toEqual([next, ' and on']);
    expectIncreasing(frames);
    await bench.close();
  },
);

redisTest('when Redis lost everything, a live stream is told to resync', async ({ redis }) => {
  const server = await redis.privateServer();
  const bench = await openBench({ ...redis, url: server.url });
  const follower = await bench.relay.follow(all);
  await bench.say('before');
  const frames: FollowedFrame[] = [];
  const reading = (async () => {
    for await (const frame of framesOf(follower)) {
      frames.push(frame);
      if (textOf(frame.data) === 'after') return;
    }
  })();
  await expect.poll(() => frames.length).toBe(1);
  await server.kill();
  await server.startEmpty();
  await bench.redis.ready(10_000);
  await bench.redis.driver.hset(bench.keys.epoch(), { n: '2', run_id: bench.redis.runId() });
  // The first words of the new log are among what a resync stands for, or come after it: then they are heard.
  await bench.say('before the reader knows');
  await expect.poll(() => frames.some((frame) => frame.event === 'resync')).toBe(true);
  await bench.say('after');
  await reading;
  expect(frames.filter((frame) => frame.event === 'resync')).toHaveLength(1);
  expect([frames[0], frames.at(-1)].map((frame) => textOf(frame?.data))).toEqual(['before', 'after']);
  expectIncreasing(frames);
  await bench.close();
});

redisTest(
  'a Redis that came back older proves nothing before its data has a new epoch',
  async ({ redis }) => {
    const bench = await openBench(redis);
    const first = await bench.say('first');
    const lost = await bench.say('lost');
    // As a server that starts from an older file: the log ends early, and its epoch is still that of the server before.
    await bench.redis.driver.xdel(bench.keys.events(SESSION), lost);
    await bench.redis.driver.hset(bench.keys.epoch(), { run_id: 'the server before' });
    const back = await bench.relay.follow({ ...all, lastEventId: first });
    expect([back.resumedFrom, back.isResync]).toEqual([undefined, true]);
    await bench.close();
  },
);

redisTest('replay gives a running turn from its start', async ({ redis }) => {
  const bench = await openBench(redis);
  await bench.say('older turn', { turnId: 't0' });
  const begun = await bench.say('', { event: 'chat_start' });
  await bench.redis.driver.hset(bench.keys.runningTurns(SESSION), 't1', begun);
  await bench.say('Hel');
  await bench.say('lo');
  const follower = await bench.relay.follow({ ...all, replayTurn: true, conversationId: 'c1' });
  const frames = await readFrames(follower, (seen) => seen.length === 2);
  expect([frames[0]?.id, textOfFrames(frames)]).toEqual([begun, 'Hello']);
  await bench.close();
});

redisTest(
  'a reader that is too slow gets lagged at its end, resumes, and misses nothing',
  async ({ redis }) => {
    const bench = await openBench(redis);
    const start = await bench.relay.lastLogId(SESSION);
    const slow = await bench.relay.follow({ ...all, maxBufferBytes: 20_000 });
    const quick = await bench.relay.follow(all);
    const reading = readFrames(quick, sawEnd);
    for (let i = 0; i < 60; i += 1) await bench.say(`${String(i).repeat(400)},`);
    await bench.say(END);
    await reading;
    const first = await readFrames(slow, () => false);
    expect(first.at(-1)).toMatchObject({ event: 'lagged' });
    const lastId = first.findLast((frame) => frame.id !== undefined)?.id ?? start;
    const again = await bench.relay.follow({ ...all, lastEventId: lastId });
    const second = await readFrames(again, sawEnd);
    expect(textOfFrames([...first, ...second])).toBe(await bench.logText());
    await bench.close();
  },
);

redisTest('the last follower takes the subscription with it, also when it never read', async ({ redis }) => {
  const bench = await openBench(redis);
  const followers = await Promise.all([
    bench.relay.follow(all),
    bench.relay.follow(all),
    bench.relay.follow(all),
  ]);
  expect([bench.subscriber.channelCount, bench.relay.followerCount]).toEqual([2, 3]);
  for (const follower of followers) follower.close();
  expect([bench.subscriber.channelCount, bench.relay.followerCount]).toEqual([0, 0]);
  await bench.close();
});

redisTest('publish refuses while the data belongs to another Redis', async ({ redis }) => {
  const bench = await openBench(redis);
  await bench.redis.driver.hset(bench.keys.epoch(), { run_id: 'another' });
  await expect(bench.say('x')).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  await bench.close();
});

redisTest(
  'a notice to the project reaches every stream that is there, beside their logs',
  async ({ redis }) => {
    const bench = await openBench(redis);
    const mine = await bench.relay.follow(all);
    const other = await bench.relay.follow({ ...all, sessionId: 'session-2' });
    const ofOneTurn = await bench.relay.follow({ ...all, mode: 'stream', turnId: 't1' });
    await bench.redis.driver.spublish(bench.keys.relayProject(), '{"type":"board.changed"}');
    const notice = {
      event: 'chat_service',
      data: '{"type":"board.changed"}',
    };
    const [atMine] = await readFrames(mine, (seen) => seen.length === 1);
    const [atOther] = await readFrames(other, (seen) => seen.length === 1);
    expect([atMine, atOther]).toMatchObject([notice, notice]);
    // Who waits for one turn is not told: the next that comes is the turn's own.
    await bench.say('a', { streamId: 'me' });
    const [own] = await readFrames(ofOneTurn, (seen) => seen.length === 1);
    expect(own?.event).toBe('chat_delta');
    await bench.close();
  },
);
