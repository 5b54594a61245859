#!lua flags=allow-oom
-- cancel: a message whose row is `cancelled` already leaves its list and is told.
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   task_id, turn_id, conversation_id, session_id, stream_id, user, lane, frag: of the message
--   data: its chat_error
--   now_iso, now_ms: for showing
--   folded...: as in finish
-- Returns {0, promoted task id or '', dropped turn ids...} ended here; {1} claimed: its start is refused and finishes it;
--   {-1} epoch; {-3} not there (not enqueued yet, or over)
-- Invariants: same closing as finish.
-- @include epoch
-- @include append-event
-- @include conv-status
-- @include tell
-- @include forget-task
-- @include close-conversation
-- @include set-of
local n = epoch_of(run_id)
if not n then return { -1 } end
if redis.call('EXISTS', K.task(task_id)) == 0 then return { -3 } end
-- The lane last: it may be long. What has a lease is in flight, and is looked for nowhere.
if redis.call('EXISTS', K.lease(task_id)) == 1 then return { 1 } end
if redis.call('LREM', K.mailbox(conversation_id), 1, task_id) + redis.call('LREM', K.held(user), 1, task_id) == 0
  and redis.call('LREM', K.lane(lane), 1, task_id) == 0 then return { 1 } end
local m = { task_id = task_id, turn_id = turn_id, conversation_id = conversation_id, session_id = session_id,
  stream_id = stream_id, frag = frag, folded = set_of(folded_at) }
tell(n, m, 'chat_error', data)
forget_task(task_id, turn_id, user)
local promoted, dropped = close_conversation(n, m, 'idle', 'cancelled', false)
fill_lane(user)
return { 0, promoted, unpack(dropped) }
