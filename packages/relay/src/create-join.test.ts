import type { LogEntry } from '@switchyard/protocol';
import { expect, it } from 'vitest';
import { MODEL_TTL_MS, ModelLog, TURN } from '../test/model-log.ts';
import { createJoin } from './create-join.ts';
import { Follower } from './follower.ts';
import { compareLogIds } from './log-id.ts';
import { SessionFeed } from './session-feed.ts';

const SILENCE_MICROSECONDS = 10_000_000;
const target = { sessionId: 's', streamId: 'me', mode: 'session', maxBufferBytes: 1_000_000 } as const;

/** Lets the model answer until that is done. */
async function answered<T>(model: ModelLog, asked: Promise<T>): Promise<T> {
  const end = { isCome: false };
  void asked.finally(() => (end.isCome = true));
  while (!end.isCome) {
    model.letOneGo(0);
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  return asked;
}

const publicationOf = ({ logId, prev, event, streamId, conversationId, turnId, data }: LogEntry): string =>
  JSON.stringify([logId, prev, event, streamId, conversationId, turnId, data]);

it.each(['a feed that stood before the silence', 'a feed that begins with the replay'])(
  'a replay of a turn that is silent comes to where the log was read, without a word more: %s',
  async (which) => {
    const model = new ModelLog();
    const feed = new SessionFeed('s', { log: model, ttlMs: MODEL_TTL_MS, pageSize: 4 });
    const isOld = which.includes('before');
    if (isOld) await answered(model, feed.start());
    const entry = model.write('a', '', TURN);
    if (isOld && entry !== undefined) feed.onPublication(publicationOf(entry));
    model.passTime(SILENCE_MICROSECONDS);
    const { position } = await answered(model, model.view());
    if (!isOld) await answered(model, feed.start());
    const parts = { log: model, pageSize: 4, ttlMs: MODEL_TTL_MS, onEnd: () => undefined };
    const follower = new Follower(feed, target, parts);
    const join = createJoin(model, MODEL_TTL_MS);
    follower.begin(await answered(model, join(feed, follower, { ...target, replayTurn: true })));
    const ids: string[] = [];
    const reached = new Promise<void>((resolve) => {
      follower.start({
        take({ id = '' }) {
          ids.push(id);
          if (compareLogIds(id, position) >= 0) resolve();
          return 'more';
        },
        ended: () => undefined,
      });
    });
    await answered(model, reached);
    expect(ids[0]).toBe(entry?.logId);
    follower.close();
  },
);
