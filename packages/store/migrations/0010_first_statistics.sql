-- Up Migration

-- A planner without statistics takes "tenant and project" for one row, whatever the table holds, and every index begins with them. A
-- prepared plan that was made then reads all turns of the scope for each statement of the hot path, until the first autoanalyze. So an
-- empty table learns here what its rows will look like: one scope, every turn another; the rows that taught it are gone again.
insert into turn (tenant, project, turn_id, task_id, conversation_id, user_id, session_id, user_type, bundle_id, message_id, kind, status,
  ended_at, request)
select 'sample', 'sample', 't' || n, 'k' || n, 'c' || n, 'u' || n, 's' || n, 'registered', 'b', 'm' || n, 'message', 'completed', now(), '{}'
from generate_series(1, 300) as n where not exists (select from turn);
analyze turn;
delete from turn where tenant = 'sample' and project = 'sample' and bundle_id = 'b' and message_id like 'm%' and request = '{}';

-- Down Migration

select 1;
