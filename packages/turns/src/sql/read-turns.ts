import type { TenantProject } from '@switchyard/protocol';
import type { Statement } from '@switchyard/store';
import { ROW_COLUMNS } from './turn-row.ts';

const ROWS = `select ${ROW_COLUMNS}, false as is_changed from turn where tenant = $1 and project = $2`;

export function readTurn(scope: TenantProject, turnId: string): Statement {
  return {
    name: 'turns-read',
    text: `${ROWS} and turn_id = $3`,
    values: [scope.tenant, scope.project, turnId],
  };
}

/** What a user's conversation has not done yet, in order. */
export function readLiveTurns(scope: TenantProject, conversationId: string, userId: string): Statement {
  return {
    name: 'turns-read-live',
    text: `${ROWS} and conversation_id = $3 and user_id = $4 and ended_at is null order by seq`,
    values: [scope.tenant, scope.project, conversationId, userId],
  };
}

/** Messages that were taken into a turn. `is_stop`: a steer without words, which only asked it to end. */
export function readFoldedTurnIds(scope: TenantProject, turnId: string): Statement {
  return {
    name: 'turns-read-folded',
    text: `select turn_id, kind = 'steer' and text !~ '\\S' as is_stop from turn where tenant = $1 and project = $2 and status = 'folded' and folded_into = $3
      and conversation_id = (select conversation_id from turn where tenant = $1 and project = $2 and turn_id = $3) order by seq`,
    values: [scope.tenant, scope.project, turnId],
  };
}

/** A row when its user deleted the conversation. */
export function readDeletedConversation(scope: TenantProject, conversationId: string): Statement {
  return {
    name: 'turns-read-deleted-conversation',
    text: `select conversation_id from conversation
      where tenant = $1 and project = $2 and conversation_id = $3 and deleted_at is not null`,
    values: [scope.tenant, scope.project, conversationId],
  };
}
