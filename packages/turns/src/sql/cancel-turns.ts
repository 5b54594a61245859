import type { TenantProject } from '@switchyard/protocol';
import { json } from '@switchyard/store';
import type { Statement } from '@switchyard/store';
import type { TurnErrorRecord } from '../turn-types.ts';
import { ROW_COLUMNS } from './turn-row.ts';

// queued -> cancelled. No row: it is not queued any more.
const TEXT = `
update turn set status = 'cancelled', error = $4::jsonb, ended_at = now()
where tenant = $1 and project = $2 and turn_id = any($3::text[]) and status = 'queued'
returning ${ROW_COLUMNS}, true as is_changed`;

/** Of one message or of many; the caller has checked whose they are. */
export function cancelTurns(
  scope: TenantProject,
  turnIds: readonly string[],
  error: TurnErrorRecord,
): Statement {
  return { name: 'turns-cancel', text: TEXT, values: [scope.tenant, scope.project, turnIds, json(error)] };
}
