import type { TenantProject, TurnStatus } from '@switchyard/protocol';
import type { Statement } from '@switchyard/store';
import type { StoredTask } from '../turn-types.ts';

export interface DeadLetterRow {
  readonly turn_id: string;
  readonly status: TurnStatus;
  readonly dead_letter: 'retried' | 'dropped' | null;
  readonly retried_as: string | null;
  readonly request: StoredTask;
  readonly is_changed: boolean;
}
const COLUMNS = 'turn_id, status, dead_letter, retried_as, request';

// dead and undecided -> retried as another turn, or dropped. Otherwise the row comes back as it stands.
const SETTLE = `
with settled as (
  update turn set dead_letter = $4, retried_as = $5
  where tenant = $1 and project = $2 and turn_id = $3 and status = 'dead' and dead_letter is null
  returning ${COLUMNS}
)
select ${COLUMNS}, true as is_changed from settled
union all
select ${COLUMNS}, false from turn
where tenant = $1 and project = $2 and turn_id = $3 and not exists (select from settled)`;

export function settleDeadLetter(
  scope: TenantProject,
  turnId: string,
  end: { state: 'retried' | 'dropped'; retriedAs?: string },
): Statement {
  return {
    name: 'turns-settle-dead-letter',
    text: SETTLE,
    values: [scope.tenant, scope.project, turnId, end.state, end.retriedAs ?? null],
  };
}
