import type { TenantProject } from '@switchyard/protocol';
import { json } from '@switchyard/store';
import type { Statement } from '@switchyard/store';
import type { TurnErrorRecord } from '../turn-types.ts';
import { MAY_RETRY, ROW_COLUMNS } from './turn-row.ts';

const LOST = (error: string) => `
update turn set is_silent = false,
  status = case when ${MAY_RETRY} then 'queued' else 'interrupted' end,
  error = case when ${MAY_RETRY} then error else ${error}::jsonb end,
  ended_at = case when ${MAY_RETRY} then null else now() end`;

// running under a fence that nobody holds -> interrupted, or queued again where its bundle declared recovery and it was silent.
const ONE = `${LOST('$5')}
where tenant = $1 and project = $2 and turn_id = $3 and status = 'running' and fence = $4
returning ${ROW_COLUMNS}, true as is_changed`;

export function interruptTurn(
  scope: TenantProject,
  turnId: string,
  fence: string,
  error: TurnErrorRecord,
): Statement {
  return {
    name: 'turns-interrupt',
    text: ONE,
    values: [scope.tenant, scope.project, turnId, fence, json(error)],
  };
}

// Everything that runs: only after every lease of the former Redis is over (02, step 10).
const ALL = `${LOST('$3')}
where tenant = $1 and project = $2 and ended_at is null and status = 'running'
returning ${ROW_COLUMNS}, true as is_changed`;

export function interruptRunningTurns(scope: TenantProject, error: TurnErrorRecord): Statement {
  return { name: 'turns-interrupt-all', text: ALL, values: [scope.tenant, scope.project, json(error)] };
}
