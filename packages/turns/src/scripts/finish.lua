#!lua flags=allow-oom
-- finish: a turn is over. Its row says so already; here it is told, forgotten, and its conversation goes on.
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   fence: whose lease; empty: nobody's, only for a turn without a task (reconciler, rebuild)
--   task_id, turn_id, conversation_id, session_id, stream_id, user, lane, frag: of the message
--   message: hash of the message id
--   event, data: the terminal event; an empty event (no row) tells nothing and forgets the ack
--   closings: bodies of empty deltas that end what was said, one a line; told right before the terminal event, which says it too
--   rest, completion: state of the conversation if nobody follows, empty: it was deleted; what conv_status says of this turn
--   is_rebuild: 1 = the conversation may name no turn yet
--   now_iso, now_ms: for showing
--   folded...: turn ids whose rows are folded into this turn; those that still wait are told as consumed
-- Returns {0, promoted task id or '', dropped turn ids...}; {1} done before; {-1} epoch; {-2} lease lost; {-4} the task has an owner
-- Invariants: one terminal event (told); exactly one followup is promoted, and only by the turn that the conversation names.
-- @include epoch
-- @include append-event
-- @include conv-status
-- @include tell
-- @include forget-task
-- @include close-conversation
-- @include set-of
local n = epoch_of(run_id)
if not n then return { -1 } end
if fence == '' then
  if redis.call('EXISTS', K.task(task_id)) == 1 then return { -4 } end
elseif redis.call('GET', K.lease(task_id)) ~= fence then
  return { redis.call('EXISTS', K.task(task_id)) == 0 and redis.call('EXISTS', K.told(turn_id)) == 1 and 1 or -2 }
end
local m = { task_id = task_id, turn_id = turn_id, conversation_id = conversation_id, session_id = session_id,
  stream_id = stream_id, frag = frag, is_gone = rest == '', folded = set_of(folded_at) }
if event == '' then
  redis.call('DEL', K.seen(user, message))
else
  tell(n, m, event, data, closings)
end
redis.call('LREM', K.inflight(lane), 1, task_id)
redis.call('HDEL', K.runningTurns(session_id), turn_id)
forget_task(task_id, turn_id, user)
local promoted, dropped = close_conversation(n, m, rest, completion, is_rebuild == '1')
fill_lane(user)
return { 0, promoted, unpack(dropped) }
