import type { TenantProject } from '@switchyard/protocol';
import type { Statement } from '@switchyard/store';

// After a refusal. Only while it is queued and no retry has come by since (`version`): a retry that was accepted keeps its row.
const DELETE_TURN = `
delete from turn where tenant = $1 and project = $2 and turn_id = $3 and status = 'queued' and xmin::text = $4
returning turn_id`;

export function deleteQueuedTurn(scope: TenantProject, turnId: string, version: string): Statement {
  const values = [scope.tenant, scope.project, turnId, version];
  return { name: 'turns-delete-queued', text: DELETE_TURN, values };
}

const LOCK_CONVERSATION = `
select 1 from conversation where tenant = $1 and project = $2 and conversation_id = $3 for update`;

// What a message was refused for must not stand in the list as an empty conversation. Its row is locked by the statement before:
// a message that is being recorded in it is either seen here or waits, and opens the conversation again.
const DELETE_EMPTY_CONVERSATION = `
delete from conversation c where tenant = $1 and project = $2 and conversation_id = $3 and deleted_at is null
  and not exists (select 1 from turn t
    where t.tenant = c.tenant and t.project = c.project and t.conversation_id = c.conversation_id)`;

/** Both in one transaction, in this order. */
export function deleteEmptyConversation(
  scope: TenantProject,
  conversationId: string,
): [Statement, Statement] {
  const values = [scope.tenant, scope.project, conversationId];
  return [
    { name: 'turns-lock-conversation', text: LOCK_CONVERSATION, values },
    { name: 'turns-delete-conversation', text: DELETE_EMPTY_CONVERSATION, values },
  ];
}
