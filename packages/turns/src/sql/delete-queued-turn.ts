import type { TenantProject } from '@switchyard/protocol';
import type { Statement } from '@switchyard/store';

// After a refusal. Only while it is queued and no retry has come by since (`version`): a retry that was accepted keeps its row.
const TEXT = `
delete from turn where tenant = $1 and project = $2 and turn_id = $3 and status = 'queued' and xmin::text = $4
returning turn_id`;

export function deleteQueuedTurn(scope: TenantProject, turnId: string, version: string): Statement {
  return { name: 'turns-delete-queued', text: TEXT, values: [scope.tenant, scope.project, turnId, version] };
}
