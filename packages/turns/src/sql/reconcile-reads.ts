import type { TenantProject } from '@switchyard/protocol';
import type { Statement } from '@switchyard/store';
import { ROW_COLUMNS } from './turn-row.ts';

const ROWS = `select ${ROW_COLUMNS}, false as is_changed from turn where tenant = $1 and project = $2`;

/** Rows that should have a task: written at least `ageMs` ago and not over. */
export function readUnfinishedTurns(
  scope: TenantProject,
  ageMs: number,
  afterSeq: number,
  limit: number,
): Statement {
  return {
    name: 'turns-unfinished',
    text: `${ROWS} and ended_at is null and seq > $4
      and coalesce(started_at, created_at) <= now() - $3::float8 * interval '1 millisecond' order by seq limit $5`,
    values: [scope.tenant, scope.project, ageMs, afterSeq, limit],
  };
}

/** What it takes to ask Redis about a row. */
export interface EndedTurn {
  readonly turn_id: string;
  readonly task_id: string;
}

const ENDED_BETWEEN = `from turn where tenant = $1 and project = $2 and kind <> 'recorded'
  and ended_at > now() - $3::float8 * interval '1 millisecond' and ended_at <= now() - $4::float8 * interval '1 millisecond'
  order by ended_at, seq limit $5 offset $6`;

/** Rows that ended between two ages: they should have been told. Oldest first. */
export function readEndedTurns(
  scope: TenantProject,
  fromAgeMs: number,
  toAgeMs: number,
  limit: number,
  offset: number,
): Statement {
  return {
    name: 'turns-ended',
    text: `select ${ROW_COLUMNS}, false as is_changed ${ENDED_BETWEEN}`,
    values: [scope.tenant, scope.project, fromAgeMs, toAgeMs, limit, offset],
  };
}

/** The same, ids alone (`EndedTurn`): nearly all of them were told, and each is looked at in several passes. */
export function readEndedTurnIds(...bounds: Parameters<typeof readEndedTurns>): Statement {
  return {
    ...readEndedTurns(...bounds),
    name: 'turns-ended-ids',
    text: `select turn_id, task_id ${ENDED_BETWEEN}`,
  };
}

/** Whether anybody could hold a claim, and a number for an epoch that Redis has forgotten. */
export function readRebuildFacts(scope: TenantProject): Statement {
  return {
    text: `select extract(epoch from clock_timestamp())::bigint as seconds,
      (select count(*) from turn where tenant = $1 and project = $2 and ended_at is null) as live`,
    values: [scope.tenant, scope.project],
  };
}
