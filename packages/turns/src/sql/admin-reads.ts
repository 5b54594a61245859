import type { AdminDeadLetters, AdminTurn, TenantProject } from '@switchyard/protocol';
import { isoText } from '@switchyard/store';
import type { Statement } from '@switchyard/store';

/** A row as the console shows it: everything but what was said. */
export type TurnView = NonNullable<AdminTurn['turn']>;

const VIEW = `
select turn_id, task_id, conversation_id, user_id, session_id, user_type, bundle_id, kind, status, seq, attempt, fence, folded_into,
  request ->> 'retry_of' as retry_of, retried_as, dead_letter, error, answer -> 'timing' as timing,
  ${isoText('created_at')} as created_at, ${isoText('started_at')} as started_at, ${isoText('ended_at')} as ended_at
from turn where tenant = $1 and project = $2 and turn_id = $3`;

export function readTurnView(scope: TenantProject, turnId: string): Statement {
  return { name: 'turns-admin-view', text: VIEW, values: [scope.tenant, scope.project, turnId] };
}

/** Whose turn it is, and how long ago it was accepted and started, by Postgres' clock; milliseconds. */
export interface TurnFacts {
  readonly turn_id: string;
  readonly user_id: string;
  readonly age_ms: number;
  readonly running_ms: number | null;
}

const FACTS = `
select turn_id, user_id, (extract(epoch from now() - created_at) * 1000)::float8 as age_ms,
  (extract(epoch from now() - started_at) * 1000)::float8 as running_ms
from turn where tenant = $1 and project = $2 and turn_id = any($3::text[])`;

export function readTurnFacts(scope: TenantProject, turnIds: readonly string[]): Statement {
  return { name: 'turns-admin-facts', text: FACTS, values: [scope.tenant, scope.project, turnIds] };
}

// The condition is that of the index turn_dead, so a page costs its own rows, however many turns there are.
const DEAD = `
select seq, turn_id, task_id, conversation_id, user_id, user_type, bundle_id, error, request ->> 'retry_of' as retry_of,
  ${isoText('created_at')} as created_at, ${isoText('ended_at')} as ended_at
from turn
where tenant = $1 and project = $2 and error ->> 'error_type' = 'turn_dead' and dead_letter is null and status = 'dead'
  and seq < coalesce($3::bigint, 9223372036854775807)
order by seq desc limit $4`;

export type DeadLetterView = AdminDeadLetters['items'][number];

/** Newest first, below a `seq`. */
export function readDeadLetters(scope: TenantProject, before: number | undefined, limit: number): Statement {
  return {
    name: 'turns-admin-dead',
    text: DEAD,
    values: [scope.tenant, scope.project, before ?? null, limit],
  };
}
