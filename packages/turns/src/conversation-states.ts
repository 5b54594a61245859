import { formatTimestamp } from '@switchyard/protocol';
import type { ConversationState, UserType } from '@switchyard/protocol';
import { USER_TYPES } from '@switchyard/protocol';
import type { Clock } from '@switchyard/kernel';
import type { Keys, RedisConnection } from '@switchyard/redis';
import type { ConversationSnapshot, QueueStats } from './turn-types.ts';

interface Reads {
  readonly redis: RedisConnection;
  readonly keys: Keys;
  readonly clock: Clock;
}

/** State of conversations, in the order asked for; one round trip. One that Redis does not know is idle. */
export async function readConversationStates(
  reads: Reads,
  ids: readonly string[],
): Promise<ConversationSnapshot[]> {
  if (ids.length === 0) return [];
  const pipeline = reads.redis.driver.pipeline();
  for (const id of ids) pipeline.hmget(reads.keys.conversation(id), 'state', 'turn_id', 'updated_at');
  const replies = (await pipeline.exec()) ?? [];
  return ids.map((id, index) => {
    const [error, fields] = replies[index] ?? [null, []];
    if (error !== null) throw error;
    const [state, turnId, updatedAt] = fields as (string | null)[];
    return {
      conversation_id: id,
      state: (state ?? 'idle') as ConversationState,
      updated_at: updatedAt ?? formatTimestamp(reads.clock.now()),
      current_turn_id: turnId === undefined || turnId === null || turnId === '' ? null : turnId,
    };
  });
}

/** Load and capacity as `enqueue` sees them. */
export async function readQueueStats(reads: Reads, queueFactor: number): Promise<QueueStats> {
  const { driver } = reads.redis;
  const workerIds = await driver.zrange(reads.keys.workers(), '0', '-1');
  const pipeline = driver.pipeline().scard(reads.keys.tasks());
  for (const lane of USER_TYPES) pipeline.llen(reads.keys.lane(lane)).llen(reads.keys.inflight(lane));
  for (const id of workerIds) pipeline.hmget(reads.keys.worker(id), 'slots', 'draining');
  const values = ((await pipeline.exec()) ?? []).map(([error, value]) => {
    if (error !== null) throw error;
    return value;
  });
  const perLane = (offset: number) =>
    Object.fromEntries(
      USER_TYPES.map((lane, index) => [lane, Number(values[1 + index * 2 + offset])]),
    ) as Record<UserType, number>;
  const workers = values
    .slice(1 + USER_TYPES.length * 2)
    .map((value) => value as (string | null)[])
    .filter(([slots, draining]) => slots !== null && slots !== undefined && draining !== '1');
  const slots = workers.reduce((sum, [own]) => sum + Number(own), 0);
  return {
    load: Number(values[0]),
    capacity: slots * (1 + queueFactor),
    workers: workers.length,
    ready: perLane(0),
    inflight: perLane(1),
  };
}
