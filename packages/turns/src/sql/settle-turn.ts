import type { TenantProject } from '@switchyard/protocol';
import { json } from '@switchyard/store';
import type { Statement } from '@switchyard/store';
import type { TurnErrorRecord } from '../turn-types.ts';
import { ROW_COLUMNS } from './turn-row.ts';

// The reaper's decision (02, step 6): running, or queued with a marker -> interrupted; queued after too many claims -> dead; else unchanged.
const TEXT = `
with settled as (
  update turn set ended_at = now(),
    status = case when status = 'running' or $4::boolean then 'interrupted' else 'dead' end,
    error = case when status = 'running' or $4::boolean then $6::jsonb else $7::jsonb end
  where tenant = $1 and project = $2 and turn_id = $3
    and (status = 'running' or (status = 'queued' and ($4::boolean or $5::boolean)))
  returning ${ROW_COLUMNS}
)
select ${ROW_COLUMNS}, true as is_changed from settled
union all
select ${ROW_COLUMNS}, false from turn
where tenant = $1 and project = $2 and turn_id = $3 and not exists (select from settled)`;

export interface SettleInput {
  readonly turnId: string;
  readonly isStarted: boolean;
  readonly isSpent: boolean;
  readonly interrupted: TurnErrorRecord;
  readonly dead: TurnErrorRecord;
}

export function settleTurn(scope: TenantProject, input: SettleInput): Statement {
  const { turnId, isStarted, isSpent, interrupted, dead } = input;
  return {
    name: 'turns-settle',
    text: TEXT,
    values: [scope.tenant, scope.project, turnId, isStarted, isSpent, json(interrupted), json(dead)],
  };
}
