import type { TenantProject } from '@switchyard/protocol';
import type { Statement } from '@switchyard/store';
import { STATE_COLUMNS } from './turn-row.ts';

// queued -> folded into a running turn, under its fence. Otherwise the row comes back as it stands.
const TEXT = `
with folded as (
  update turn set status = 'folded', folded_into = $4, fence = $5, ended_at = now()
  where tenant = $1 and project = $2 and turn_id = $3 and status = 'queued'
  returning ${STATE_COLUMNS}
)
select ${STATE_COLUMNS}, true as is_changed from folded
union all
select ${STATE_COLUMNS}, false from turn
where tenant = $1 and project = $2 and turn_id = $3 and not exists (select from folded)`;

export function foldTurn(
  scope: TenantProject,
  turnId: string,
  into: { turnId: string; fence: string },
): Statement {
  return {
    name: 'turns-fold',
    text: TEXT,
    values: [scope.tenant, scope.project, turnId, into.turnId, into.fence],
  };
}
