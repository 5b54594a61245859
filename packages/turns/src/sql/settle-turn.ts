import type { TenantProject } from '@switchyard/protocol';
import { json } from '@switchyard/store';
import type { Statement } from '@switchyard/store';
import type { TurnErrorRecord } from '../turn-types.ts';
import { MAY_RETRY, ROW_COLUMNS } from './turn-row.ts';

// The reaper's decision (02, step 6). running -> interrupted, or queued again where its bundle declared recovery and it was silent.
// queued with a started marker -> interrupted, unless that start is the one that was sent back to queued: then the marker's fence is
// still in the row. queued after too many claims -> dead (interrupted, if it had been started before). Else unchanged.
const IS_LOST = `status = 'running' or ($4::text is not null and fence is distinct from $4::text)`;
const TEXT = `
with settled as (
  update turn set is_silent = false,
    status = case when status = 'running' and ${MAY_RETRY} then 'queued'
      when ${IS_LOST} or attempt > 0 then 'interrupted' else 'dead' end,
    ended_at = case when status = 'running' and ${MAY_RETRY} then null else now() end,
    error = case when status = 'running' and ${MAY_RETRY} then error
      when ${IS_LOST} or attempt > 0 then $6::jsonb else $7::jsonb end
  where tenant = $1 and project = $2 and turn_id = $3
    and (status = 'running' or (status = 'queued' and (${IS_LOST} or $5::boolean)))
  returning ${ROW_COLUMNS}
)
select ${ROW_COLUMNS}, true as is_changed from settled
union all
select ${ROW_COLUMNS}, false from turn
where tenant = $1 and project = $2 and turn_id = $3 and not exists (select from settled)`;

export interface SettleInput {
  readonly turnId: string;
  /** Of the started marker; empty: there is none. */
  readonly startedFence: string;
  readonly isSpent: boolean;
  readonly interrupted: TurnErrorRecord;
  readonly dead: TurnErrorRecord;
}

export function settleTurn(scope: TenantProject, input: SettleInput): Statement {
  const { turnId, startedFence, isSpent, interrupted, dead } = input;
  return {
    name: 'turns-settle',
    text: TEXT,
    values: [
      scope.tenant,
      scope.project,
      turnId,
      startedFence === '' ? null : startedFence,
      isSpent,
      json(interrupted),
      json(dead),
    ],
  };
}
