import type { TenantProject } from '@switchyard/protocol';
import type { Statement } from '@switchyard/store';
import { STATE_COLUMNS } from './turn-row.ts';

// queued -> folded into a turn that runs under this fence. Otherwise the row comes back as it stands.
// The parent is locked first: whoever ends it waits for this, and who comes after its end folds nothing. So when a turn's end is told,
// the messages that its row has taken are all known.
const TEXT = `
with parent as (
  select from turn where tenant = $1 and project = $2 and turn_id = $4 and status = 'running' and fence = $5 for share
), folded as (
  update turn set status = 'folded', folded_into = $4, fence = $5, ended_at = now()
  where tenant = $1 and project = $2 and turn_id = $3 and status = 'queued' and exists (select from parent)
  returning ${STATE_COLUMNS}
)
select ${STATE_COLUMNS}, true as is_changed from folded
union all
select ${STATE_COLUMNS}, false from turn
where tenant = $1 and project = $2 and turn_id = $3 and not exists (select from folded)`;

// Steers without words that a cancelled turn heeded: they are part of it. The caller has them from the mailbox of that turn.
const STOPS = `
update turn set status = 'folded', folded_into = $4, ended_at = now()
where tenant = $1 and project = $2 and turn_id = any($3::text[]) and kind = 'steer' and status = 'queued' and text !~ '\\S'
returning turn_id`;

export function foldStops(scope: TenantProject, turnIds: readonly string[], into: string): Statement {
  return { name: 'turns-fold-stops', text: STOPS, values: [scope.tenant, scope.project, turnIds, into] };
}

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
