import { USER_TYPES } from '@switchyard/protocol';
import type { AdminInflight, TenantProject, UserType } from '@switchyard/protocol';
import type { Keys, RedisConnection } from '@switchyard/redis';
import type { Sql } from '@switchyard/store';
import { readTurnFacts } from '../sql/admin-reads.ts';
import type { TurnFacts } from '../sql/admin-reads.ts';
import type { AdminScripts, ClaimReply } from './admin-scripts.ts';
import { decideInflightPage, decodeInflightCursor, encodeInflightCursor } from './inflight-cursor.ts';
import { workerOfFence } from './worker-of-fence.ts';

export interface InflightParts {
  readonly redis: RedisConnection;
  readonly scripts: Pick<AdminScripts, 'readClaims'>;
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

/**
 * A page of what is claimed, oldest first, lane after lane. The lists change while they are read: an item may be missing from two pages
 * or be in both, as in any view of something that moves. Costs its own items, however long the lists are: their lengths, one script and
 * one statement.
 */
export async function readInflight(parts: InflightParts, query: InflightQuery): Promise<AdminInflight> {
  const from = query.cursor === undefined ? undefined : decodeInflightCursor(query.cursor);
  const lanes = query.lane === undefined ? USER_TYPES : [query.lane];
  const sized = await readLengths(parts, lanes);
  const { slices, next } = decideInflightPage(sized, from, query.limit);
  const claims =
    slices.length === 0
      ? []
      : await parts.scripts.readClaims({
          slices: slices.flatMap(({ lane, offset, count }) => [lane, offset, count]),
        });
  const facts = await readFacts(parts, claims);
  return {
    items: claims.map((claim) => itemOf(claim, facts.get(claim.turnId))),
    next_cursor: next === undefined ? null : encodeInflightCursor(next),
  };
}

async function readLengths({ redis, keys }: InflightParts, lanes: readonly UserType[]) {
  const lengths = await Promise.all(lanes.map((lane) => redis.driver.llen(keys.inflight(lane))));
  return lanes.map((lane, index) => ({ lane, length: lengths[index] ?? 0 }));
}

async function readFacts(
  { sql, scope }: InflightParts,
  claims: readonly ClaimReply[],
): Promise<ReadonlyMap<string, TurnFacts>> {
  const turnIds = claims.map(({ turnId }) => turnId).filter((turnId) => turnId !== '');
  const rows = turnIds.length === 0 ? [] : await sql.query<TurnFacts>(readTurnFacts(scope, turnIds));
  return new Map(rows.map((row) => [row.turn_id, row]));
}

function itemOf(claim: ClaimReply, row: TurnFacts | undefined): Item {
  const seconds = (ms: number | null | undefined): number | null =>
    typeof ms === 'number' ? Math.max(0, ms) / 1000 : null;
  return {
    task_id: claim.taskId,
    lane: claim.lane,
    turn_id: claim.turnId === '' ? null : claim.turnId,
    conversation_id: claim.conversationId === '' ? null : claim.conversationId,
    user_id: row?.user_id ?? null,
    worker_id: claim.fence === '' ? null : workerOfFence(claim.fence),
    attempts: claim.attempts,
    is_started: claim.isStarted,
    is_cancel_requested: claim.isCancelRequested,
    age_seconds: seconds(row?.age_ms),
    running_seconds: seconds(row?.running_ms),
  };
}
