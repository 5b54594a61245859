import type { ChatTaskPayload, UserType } from '@switchyard/protocol';
import type { Keys, RedisConnection } from '@switchyard/redis';
import type { Sql } from '@switchyard/store';

const BATCH = 2000;

export interface FillOptions {
  readonly redis: RedisConnection;
  readonly keys: Keys;
  readonly project: string;
  readonly list: 'lane' | 'inflight';
  readonly lane: UserType;
  readonly count: number;
}

/** Turn ids of what was filled begin with this. Nobody waits for it: it may be claimed, and need not be run. */
export const FILLED = 'filled-';
/** Longer than any figure takes. */
const LEASE_MS = 3_600_000;

/**
 * Makes a lane, or what is claimed from it, as long as that many accepted messages would have: every id with its task and payload,
 * a claimed one with lease and marker, behind what is there already. Accepting them one by one would take minutes.
 */
export async function fillLane(options: FillOptions): Promise<void> {
  const { redis, keys, list, lane, count } = options;
  for (let from = 0; from < count; from += BATCH) {
    const pipeline = redis.driver.pipeline();
    const ids: string[] = [];
    for (let index = from; index < Math.min(count, from + BATCH); index++) {
      const payload = payloadOf(options, `${FILLED}${list}-${lane}-${index}`);
      ids.push(payload.task_id);
      pipeline.hset(keys.task(payload.task_id), {
        v: '1',
        payload: JSON.stringify(payload),
        kind: 'message',
        lane,
        attempts: list === 'lane' ? '0' : '1',
        conversation_id: payload.conversation_id,
        turn_id: payload.turn_id,
        session_id: payload.session_id,
        stream_id: payload.stream_id,
        user: keys.hash(payload.user.user_id),
        created: '0',
        frag: fragmentOf(payload),
      });
      if (list === 'lane') continue;
      pipeline.set(keys.lease(payload.task_id), 'filler:1', 'PX', LEASE_MS);
      pipeline.set(keys.started(payload.task_id), 'filler:1', 'PX', LEASE_MS);
    }
    pipeline.sadd(keys.tasks(), ids);
    // Oldest at the right end, where claims take from: the newest of these is the lane's last.
    pipeline.lpush(list === 'lane' ? keys.lane(lane) : keys.inflight(lane), ...ids);
    for (const [error] of (await pipeline.exec()) ?? []) if (error !== null) throw error;
  }
}

function payloadOf({ project, lane }: FillOptions, turnId: string): ChatTaskPayload {
  return {
    v: 1,
    task_id: `task-${turnId}`,
    turn_id: turnId,
    message_id: `m-${turnId}`,
    conversation_id: `c-${turnId}`,
    session_id: `s-${turnId}`,
    stream_id: '',
    bundle_id: 'bench',
    kind: 'message',
    target_turn_id: null,
    request_id: 'r1',
    tenant: 'bench',
    project,
    user: { user_id: `u-${turnId}`, user_type: lane, roles: [] },
    message: 'hello',
    events: [],
    attachments: [],
    accepted_at: Math.round(performance.timeOrigin),
  };
}

/** The beginning of the message's events, in which the console finds its user. */
function fragmentOf(payload: ChatTaskPayload): string {
  const { request_id, tenant, project, user, session_id, conversation_id, turn_id, bundle_id } = payload;
  const service = {
    request_id,
    tenant,
    project,
    user: user.user_id,
    user_obj: { user_type: user.user_type },
  };
  return JSON.stringify({
    service,
    conversation: { session_id, conversation_id, turn_id, bundle_id },
  }).slice(1, -1);
}

const ROWS = `
insert into turn (tenant, project, turn_id, task_id, conversation_id, user_id, session_id, user_type, bundle_id, message_id, kind,
  status, fence, started_at, request, text)
select 'bench', $1, t, 'task-' || t, 'c-' || t, 'u-' || t, 's-' || t, $3, 'bench', 'm-' || t, 'message',
  case $4 when 'lane' then 'queued' else 'running' end, case $4 when 'lane' then null else 'filler:1' end,
  case $4 when 'lane' then null else now() end, '{}'::jsonb, 'hello'
from (select $2::text || i as t from generate_series(0, $5::int - 1) i) filled`;

/** The rows of what `fillLane` filled. */
export async function fillRows(sql: Sql, options: Omit<FillOptions, 'redis' | 'keys'>): Promise<void> {
  const { project, list, lane, count } = options;
  const values = [project, `${FILLED}${list}-${lane}-`, lane, list, count];
  await sql.query({ text: ROWS, values });
}
