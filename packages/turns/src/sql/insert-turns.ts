import type { Statement } from '@switchyard/store';
import { cleanText, json } from '@switchyard/store';
import { titleFromMessage } from '@switchyard/protocol';
import type { ChatTaskPayload, TenantProject, TurnStatus } from '@switchyard/protocol';
import type { StoredTask } from '../turn-types.ts';

export interface InsertedTurn {
  readonly user_id: string;
  readonly message_id: string;
  readonly turn_id: string;
  readonly seq: number;
  readonly status: TurnStatus;
  readonly folded_into: string | null;
  /** Of the first submission with this message id: its ids count. */
  readonly request: StoredTask;
  /** Grows with every retry; only the newest may delete the row after a refusal. */
  readonly version: string;
  readonly is_new: boolean;
}

// The conversation is opened, or proved to be the user's, in the same statement: no row comes back for a foreign or deleted one.
// A new conversation is called after its first message until somebody finds a better title.
// A retry changes nothing but the row's version (xmin).
const TEXT = `
with input as (
  select * from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[],
    $12::jsonb[], $13::text[], $14::text[]) with ordinality as
    i(turn_id, task_id, conversation_id, user_id, session_id, user_type, bundle_id, message_id, kind, request, text, title, ordinal)
), owner as (
  insert into conversation (tenant, project, conversation_id, user_id, session_id, bundle_id, title, title_source)
  select distinct on (conversation_id) $1::text, $2::text, conversation_id, user_id, session_id, bundle_id, title,
    case when title is not null then 'message' end
  from input order by conversation_id, ordinal
  on conflict (tenant, project, conversation_id) do update set last_activity_at = now()
  where conversation.user_id = excluded.user_id and conversation.deleted_at is null
  returning conversation_id, user_id, xmax = 0 as is_created
)
insert into turn (tenant, project, turn_id, task_id, conversation_id, user_id, session_id, user_type, bundle_id, message_id, kind,
  status, ended_at, request, text)
select $1, $2, i.turn_id, i.task_id, i.conversation_id, i.user_id, i.session_id, i.user_type, i.bundle_id, i.message_id, i.kind,
  case i.kind when 'recorded' then 'completed' else 'queued' end, case i.kind when 'recorded' then now() end,
  i.request || jsonb_build_object('conversation_created',
    o.is_created and i.ordinal = min(i.ordinal) over (partition by i.conversation_id)),
  i.text
from input i join owner o using (conversation_id, user_id)
order by i.ordinal
on conflict (tenant, project, user_id, message_id) do update set message_id = excluded.message_id
returning user_id, message_id, turn_id, seq, status, folded_into, request, xmin::text as version, xmax = 0 as is_new`;

export function insertTurns(scope: TenantProject, tasks: readonly ChatTaskPayload[]): Statement {
  const column = (read: (task: ChatTaskPayload) => string) => tasks.map(read);
  return {
    name: 'turns-insert',
    text: TEXT,
    values: [
      scope.tenant,
      scope.project,
      column((task) => task.turn_id),
      column((task) => task.task_id),
      column((task) => task.conversation_id),
      column((task) => task.user.user_id),
      column((task) => task.session_id),
      column((task) => task.user.user_type),
      column((task) => task.bundle_id),
      column((task) => task.message_id),
      column((task) => task.kind),
      column((task) => json(task)),
      column((task) => cleanText(task.message)),
      tasks.map((task) => titleOf(task)),
    ],
  };
}

function titleOf(task: ChatTaskPayload): string | null {
  const title = titleFromMessage(task.message);
  return title === undefined ? null : cleanText(title);
}
