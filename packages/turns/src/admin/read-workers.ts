import type { AdminWorkers } from '@switchyard/protocol';
import type { Keys, RedisConnection } from '@switchyard/redis';
import { isWorkerOrder } from '../drain-gate.ts';

const MOST_WORKERS = 1000;
const FIELDS = ['slots', 'busy', 'version', 'draining', 'last_poll_ms', 'ordered'] as const;

/** Everybody whose heartbeat is not over. Ages are by Redis' clock. */
export async function readWorkers(redis: RedisConnection, keys: Keys): Promise<AdminWorkers> {
  const { driver } = redis;
  const found = await driver.zrange(keys.workers(), '0', String(MOST_WORKERS - 1), 'WITHSCORES');
  const beats = Array.from({ length: found.length / 2 }, (_, index) => ({
    id: found[2 * index] ?? '',
    beatMs: Number(found[2 * index + 1]),
  }));
  const pipeline = driver.pipeline().time();
  for (const { id } of beats) pipeline.hmget(keys.worker(id), ...FIELDS);
  const [time, ...hashes] = ((await pipeline.exec()) ?? []).map(([error, value]) => {
    if (error !== null) throw error;
    return value as (string | null)[];
  });
  const nowMs = Number(time?.[0]) * 1000 + Math.floor(Number(time?.[1]) / 1000);
  const items = beats.flatMap(({ id, beatMs }, index) => {
    const [slots, busy, version, draining, lastPollMs, ordered] = hashes[index] ?? [];
    // In the list and without a hash: it is gone.
    if (typeof slots !== 'string') return [];
    const sinceBeatMs = Math.max(0, nowMs - beatMs);
    return {
      worker_id: id,
      version: version ?? '',
      slots: Number(slots),
      busy: Number(busy ?? 0),
      is_draining: draining === '1',
      ordered: isWorkerOrder(ordered) ? ordered : null,
      last_poll_age_seconds: (Math.max(0, Number(lastPollMs ?? 0)) + sinceBeatMs) / 1000,
      heartbeat_age_seconds: sinceBeatMs / 1000,
    };
  });
  return { items };
}
