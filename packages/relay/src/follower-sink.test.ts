import { expect, it } from 'vitest';
import { MODEL_TTL_MS, ModelLog } from '../test/model-log.ts';
import { textOf } from '../test/relay-fixture.ts';
import { Follower } from './follower.ts';
import type { FollowedFrame, Taken } from './frame-sink.ts';
import { SessionFeed } from './session-feed.ts';

/** A follower that has begun, of a log without a past, and what its sink heard. */
async function openFollower(take: (frame: FollowedFrame) => Taken) {
  const model = new ModelLog();
  const feed = new SessionFeed('s', { log: model, ttlMs: MODEL_TTL_MS, pageSize: 4 });
  const started = feed.start();
  model.letOneGo(0);
  await started;
  const ends: string[] = [];
  const follower = new Follower(
    feed,
    { sessionId: 's', streamId: 'me', mode: 'session', maxBufferBytes: 10_000 },
    { log: model, pageSize: 4, ttlMs: MODEL_TTL_MS, onEnd: (_follower, reason) => ends.push(reason) },
  );
  follower.begin({ kind: 'fresh', from: follower.position });
  const heard: string[] = [];
  const start = () =>
    follower.start({
      take(frame) {
        heard.push(frame.event === 'lagged' ? 'lagged' : textOf(frame.data));
        return take(frame);
      },
      ended: (error) => void ends.push(error instanceof Error ? error.message : 'over'),
    });
  const say = (letter: string) => {
    const entry = model.write(letter, '', 't1');
    if (entry === undefined) throw new Error('refused');
    const { logId, prev, event, streamId, conversationId, turnId, data } = entry;
    feed.onPublication(JSON.stringify([logId, prev, event, streamId, conversationId, turnId, data]));
  };
  return { follower, start, say, heard, ends };
}

it('gives a frame in the tick of its publication, and none to a sink that waits', async () => {
  let answer: Taken = 'more';
  const { follower, start, say, heard, ends } = await openFollower(() => answer);
  say('a');
  expect(heard).toEqual([]);
  start();
  say('b');
  expect(heard).toEqual(['a', 'b']);
  answer = 'wait';
  for (const letter of 'cde') say(letter);
  expect([heard.join(''), follower.heldBytes > 0]).toEqual(['abc', true]);
  follower.resume();
  expect(heard.join('')).toBe('abcd');
  answer = 'more';
  follower.resume();
  say('f');
  expect([heard.join(''), follower.heldBytes]).toEqual(['abcdef', 0]);
  answer = 'end';
  for (const letter of 'gh') say(letter);
  expect([heard.join(''), ends]).toEqual(['abcdefg', ['closed', 'over']]);
});

it('ends a sink that is too slow with lagged, once', async () => {
  const { follower, start, say, heard, ends } = await openFollower(() => 'wait');
  start();
  say('a');
  for (let at = 0; at < 20; at += 1) say('x'.repeat(1000));
  follower.resume();
  follower.resume();
  expect([heard, ends]).toEqual([
    ['a', 'lagged'],
    ['lagged', 'over'],
  ]);
});

it('a sink that throws ends its own stream and nobody else hears of it', async () => {
  const { start, say, ends } = await openFollower(() => {
    throw new Error('cannot be written');
  });
  start();
  say('a');
  expect(ends).toEqual(['closed', 'cannot be written']);
});

it('a follower that was closed before it was started says so', async () => {
  const { follower, start, ends } = await openFollower(() => 'more');
  follower.close();
  start();
  expect(ends).toEqual(['closed', 'over']);
});
