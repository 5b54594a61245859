import { USER_TYPES, serviceContextSchema } from '@switchyard/protocol';
import type { AdminInflight, TenantProject, UserType } from '@switchyard/protocol';
import type { Keys, RedisConnection } from '@switchyard/redis';
import type { Sql } from '@switchyard/store';
import { readTurnAges } from '../sql/admin-reads.ts';
import type { TurnAges } from '../sql/admin-reads.ts';
import { decideInflightPage, decodeInflightCursor, encodeInflightCursor } from './inflight-cursor.ts';
import { workerOfFence } from './worker-of-fence.ts';

export interface InflightParts {
  readonly redis: RedisConnection;
  readonly sql: Sql;
  readonly keys: Keys;
  readonly scope: TenantProject;
}

export interface InflightQuery {
  readonly lane?: UserType | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

type Item = AdminInflight['items'][number];
const FIELDS = ['turn_id', 'conversation_id', 'attempts', 'cancel_requested', 'frag'] as const;

/**
 * A page of what is claimed, oldest first, lane after lane. The lists change while they are read: an item may be missing from two pages
 * or be in both, as in any view of something that moves. Costs its own items, however long the lists are.
 */
export async function readInflight(parts: InflightParts, query: InflightQuery): Promise<AdminInflight> {
  const { redis, keys } = parts;
  const from = query.cursor === undefined ? undefined : decodeInflightCursor(query.cursor);
  const lanes = query.lane === undefined ? USER_TYPES : [query.lane];
  const lengths = await pipelined(redis, (pipeline) => {
    for (const lane of lanes) pipeline.llen(keys.inflight(lane));
  });
  const sized = lanes.map((lane, index) => ({ lane, length: Number(lengths[index]) }));
  const { slices, next } = decideInflightPage(sized, from, query.limit);
  const pages = await pipelined(redis, (pipeline) => {
    // Claims enter at the left end: the oldest are at the right one.
    for (const { lane, offset, count } of slices)
      pipeline.lrange(keys.inflight(lane), -offset - count, -offset - 1);
  });
  const claims = slices.flatMap(({ lane }, index) =>
    (pages[index] as string[]).toReversed().map((taskId) => ({ lane, taskId })),
  );
  const items = await readClaims(parts, claims);
  return {
    items: await withAges(parts, items),
    next_cursor: next === undefined ? null : encodeInflightCursor(next),
  };
}

async function readClaims(
  { redis, keys }: InflightParts,
  claims: readonly { lane: UserType; taskId: string }[],
): Promise<Item[]> {
  const replies = await pipelined(redis, (pipeline) => {
    for (const { taskId } of claims)
      pipeline
        .hmget(keys.task(taskId), ...FIELDS)
        .get(keys.lease(taskId))
        .exists(keys.started(taskId));
  });
  return claims.map(({ lane, taskId }, index) => {
    const [turnId, conversationId, attempts, cancel, frag] = replies[3 * index] as (string | null)[];
    const lease = replies[3 * index + 1] as string | null;
    return {
      task_id: taskId,
      lane,
      turn_id: turnId ?? null,
      conversation_id: conversationId ?? null,
      user_id: userOf(frag),
      worker_id: lease === null ? null : workerOfFence(lease),
      attempts: Number(attempts ?? 0),
      is_started: replies[3 * index + 2] === 1,
      is_cancel_requested: typeof cancel === 'string',
      age_seconds: null,
      running_seconds: null,
    };
  });
}

/** The task's `frag` is the beginning of its events, where the user is named; its `payload` may be a megabyte. */
function userOf(frag: string | null | undefined): string | null {
  if (typeof frag !== 'string') return null;
  const { service } = JSON.parse(`{${frag}}`) as { service?: unknown };
  return serviceContextSchema.safeParse(service).data?.user ?? null;
}

async function withAges({ sql, scope }: InflightParts, items: readonly Item[]): Promise<Item[]> {
  const turnIds = items.flatMap(({ turn_id: turnId }) => (turnId === null ? [] : [turnId]));
  const rows = turnIds.length === 0 ? [] : await sql.query<TurnAges>(readTurnAges(scope, turnIds));
  const ages = new Map(rows.map((row) => [row.turn_id, row]));
  return items.map((item) => {
    const row = ages.get(item.turn_id ?? '');
    if (row === undefined) return item;
    return {
      ...item,
      age_seconds: Math.max(0, row.age_ms) / 1000,
      running_seconds: row.running_ms === null ? null : Math.max(0, row.running_ms) / 1000,
    };
  });
}

type Pipeline = ReturnType<RedisConnection['driver']['pipeline']>;

async function pipelined(redis: RedisConnection, fill: (pipeline: Pipeline) => void): Promise<unknown[]> {
  const pipeline = redis.driver.pipeline();
  fill(pipeline);
  if (pipeline.length === 0) return [];
  return ((await pipeline.exec()) ?? []).map(([error, value]) => {
    if (error !== null) throw error;
    return value;
  });
}
