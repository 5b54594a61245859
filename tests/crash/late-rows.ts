import type { Sql } from '@switchyard/store';

/**
 * A row that Redis knows nothing of, made after the newest finished message: what is left when a process dies between its row and its
 * script, or when a statement of a dead process is committed late. Old enough for the reconciler.
 */
export const forgetRow = async (sql: Sql, status: 'queued' | 'running' | 'cancelled'): Promise<void> => {
  await sql.query({
    text: `
      with model as (
        select t.*, 'late-' || gen_random_uuid() as name from turn t
        join conversation c using (tenant, project, conversation_id)
        where t.kind = 'message' and t.status = 'completed' and c.deleted_at is null order by t.seq desc limit 1
      )
      insert into turn (tenant, project, turn_id, task_id, conversation_id, user_id, session_id, user_type, bundle_id, message_id,
        kind, status, fence, request, text, error, created_at, started_at, ended_at)
      select tenant, project, 'turn-' || name, 'task-' || name, conversation_id, user_id, session_id, user_type, bundle_id,
        'm-' || name, kind, $1, case $1 when 'running' then 'dead:1' end,
        request || jsonb_build_object('turn_id', 'turn-' || name, 'task_id', 'task-' || name, 'message_id', 'm-' || name,
          'conversation_created', false),
        text, case $1 when 'cancelled' then '{"error":"Cancelled.","error_type":"cancelled"}'::jsonb end,
        now() - interval '4 seconds', case $1 when 'running' then now() - interval '4 seconds' end,
        case $1 when 'cancelled' then now() - interval '3 seconds' end
      from model`,
    values: [status],
  });
};
