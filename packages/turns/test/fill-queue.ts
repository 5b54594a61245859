import type { UserType } from '@switchyard/protocol';
import { newMessageFields } from '../src/message-fields.ts';
import { payloadOf } from './fixtures.ts';
import type { Stage } from './stage.ts';

const BATCH = 5000;
/** The ends of a list are what anybody looks at: the tasks in between are left out, which fills it in seconds. */
const WITH_TASKS = 500;

/** Makes a lane as long as that, with its tasks, as many accepted messages would have left it: only quicker. Oldest first. */
export async function fillQueue(
  { redis, keys }: Pick<Stage, 'redis' | 'keys'>,
  list: 'lane' | 'inflight',
  lane: UserType,
  count: number,
): Promise<void> {
  for (let from = 0; from < count; from += BATCH) {
    const pipeline = redis.driver.pipeline();
    const ids: string[] = [];
    for (let index = from; index < Math.min(count, from + BATCH); index++) {
      const turnId = `${list}-${lane}-${index}`;
      const payload = payloadOf(turnId, { conversation_id: `c-${turnId}` });
      ids.push(payload.task_id);
      if (index >= WITH_TASKS && index < count - WITH_TASKS) continue;
      const { turn_id, conversation_id, session_id, stream_id, user, frag, kind, created } = newMessageFields(
        keys,
        { ...payload, conversation_created: false },
      );
      const fields = { turn_id, conversation_id, session_id, stream_id, user, frag, kind, created };
      const attempts = list === 'lane' ? '0' : '1';
      pipeline.hset(keys.task(payload.task_id), { ...fields, v: '1', lane, attempts, payload: '{}' });
    }
    pipeline.sadd(keys.tasks(), ids).lpush(list === 'lane' ? keys.lane(lane) : keys.inflight(lane), ...ids);
    await pipeline.exec();
  }
}
