import {
  CONVERSATION_STATES,
  TASK_KINDS,
  TASK_PLACES,
  formatTimestamp,
  userTypeSchema,
} from '@switchyard/protocol';
import type { AdminTurn, TenantProject } from '@switchyard/protocol';
import type { Keys, RedisConnection } from '@switchyard/redis';
import type { Sql } from '@switchyard/store';
import { readTurnView } from '../sql/admin-reads.ts';
import type { TurnView } from '../sql/admin-reads.ts';
import { turnIdOfTask } from '../task-id.ts';
import type { AdminScripts, ReadTaskArguments, TaskReply } from './admin-scripts.ts';
import { workerOfFence } from './worker-of-fence.ts';

export interface TurnLifeParts {
  readonly redis: RedisConnection;
  readonly scripts: Pick<AdminScripts, 'readTask'>;
  readonly sql: Sql;
  readonly keys: Keys;
  readonly scope: TenantProject;
}

/** Items of a list, and entries of a log, that are looked at for one message. */
const REACH = 1000;

/** Undefined: there is no such turn. Of a turn that runs, row and Redis are read one after the other and may be a moment apart. */
export async function readTurnLife(parts: TurnLifeParts, turnId: string): Promise<AdminTurn | undefined> {
  const row = await readRow(parts, turnId);
  if (row === undefined) return undefined;
  const { task_id, turn_id, conversation_id, session_id, user_type } = row;
  return lifeOf(parts, row, {
    task_id,
    turn_id,
    conversation_id,
    session_id,
    lane: user_type,
    user: parts.keys.hash(row.user_id),
    reach: REACH,
  });
}

/** The same by the id of its task; a task that Redis forgot is found by the name of its turn. */
export async function readTaskLife(parts: TurnLifeParts, taskId: string): Promise<AdminTurn | undefined> {
  const { redis, keys } = parts;
  const fields = ['turn_id', 'conversation_id', 'session_id', 'lane', 'user'] as const;
  const [turnId, conversationId, sessionId, lane, user] = await redis.driver.hmget(
    keys.task(taskId),
    ...fields,
  );
  const named = turnId ?? turnIdOfTask(taskId);
  const life = named === undefined ? undefined : await readTurnLife(parts, named);
  if (life?.turn?.task_id === taskId) return life;
  if (typeof turnId !== 'string') return undefined;
  // A task without a row: its message was refused, or its conversation deleted, and whoever claims it ends it.
  return lifeOf(parts, undefined, {
    task_id: taskId,
    turn_id: turnId,
    conversation_id: conversationId ?? '',
    session_id: sessionId ?? '',
    lane: lane ?? '',
    user: user ?? '',
    reach: REACH,
  });
}

async function readRow({ sql, scope }: TurnLifeParts, turnId: string): Promise<TurnView | undefined> {
  return (await sql.query<TurnView>(readTurnView(scope, turnId)))[0];
}

async function lifeOf(
  { scripts }: TurnLifeParts,
  row: TurnView | undefined,
  args: ReadTaskArguments,
): Promise<AdminTurn> {
  return { turn: row ?? null, ...decideTaskLife(await scripts.readTask(args)) };
}

/** What the script saw, in the words of the wire. */
export function decideTaskLife(reply: TaskReply): Omit<AdminTurn, 'turn'> {
  const [, lane, kind, attempts, cancel, unleasedSince] = reply.task ?? [];
  const [fence = '', startedSec] = reply.marker.split(' ');
  const { conversation } = reply;
  return {
    task:
      reply.task === undefined
        ? null
        : {
            lane: userTypeSchema.parse(lane),
            kind: TASK_KINDS.find((known) => known === kind) ?? 'message',
            attempts: Number(attempts),
            is_cancel_requested: cancel === '1',
            unleased_since: timeOf(Number(unleasedSince)),
          },
    lease:
      reply.lease === ''
        ? null
        : {
            fence: reply.lease,
            worker_id: workerOfFence(reply.lease),
            expires_in_seconds: Math.max(0, reply.leaseMs) / 1000,
          },
    started: reply.marker === '' ? null : { fence, at: timeOf(Number(startedSec) * 1000) ?? '' },
    told: reply.told === '' ? null : reply.told,
    conversation:
      conversation === undefined
        ? null
        : {
            state: CONVERSATION_STATES.find((known) => known === conversation.state) ?? 'idle',
            turn_id: conversation.turnId === '' ? null : conversation.turnId,
          },
    place: TASK_PLACES.find((known) => known === reply.place) ?? 'nowhere',
    position: reply.position < 0 ? null : reply.position,
    events: { items: eventsOf(reply.events), is_complete: !reply.hasMore },
  };
}

function timeOf(ms: number): string | null {
  return Number.isFinite(ms) && ms > 0 ? formatTimestamp(ms) : null;
}

function eventsOf(flat: readonly string[]): { log_id: string; event: string }[] {
  return Array.from({ length: flat.length / 2 }, (_, index) => ({
    log_id: flat[2 * index] ?? '',
    event: flat[2 * index + 1] ?? '',
  }));
}
