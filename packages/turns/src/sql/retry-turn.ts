import type { TenantProject } from '@switchyard/protocol';
import type { Statement } from '@switchyard/store';
import { MAY_RETRY, ROW_COLUMNS } from './turn-row.ts';

// running under this fence -> queued, for a turn whose host died under a living worker. No row: it may not run again.
const RETRY = `
update turn set status = 'queued', is_silent = false
where tenant = $1 and project = $2 and turn_id = $3 and status = 'running' and fence = $4 and ${MAY_RETRY}
returning ${ROW_COLUMNS}, true as is_changed`;

export function retryTurn(scope: TenantProject, turnId: string, fence: string): Statement {
  return { name: 'turns-retry', text: RETRY, values: [scope.tenant, scope.project, turnId, fence] };
}

// The log of `retryIfSilent`: written before an effect leaves. No row: fenced off, the effect must not happen.
const NOTE = `
update turn set is_silent = false
where tenant = $1 and project = $2 and turn_id = $3 and status = 'running' and fence = $4
returning turn_id`;

export function noteEffect(scope: TenantProject, turnId: string, fence: string): Statement {
  return { name: 'turns-note-effect', text: NOTE, values: [scope.tenant, scope.project, turnId, fence] };
}
