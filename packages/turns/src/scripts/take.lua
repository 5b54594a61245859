#!lua flags=allow-oom
-- take: the first mailbox item becomes part of the running turn. Its row is `folded` into that turn already; or, with an empty event,
-- its row turned out to be over and the item is only dropped (its end is told by whoever ended it, or by the reconciler).
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   task_id, fence: whose lease
--   conversation_id: of both
--   item_id, item_turn_id: which item, as peek returned it
--   session_id, stream_id, user: of the item
--   event, data: event.continuation.consumed
-- Returns {0}, also when it was taken before; {-1} epoch; {-2} lease lost; {-3} another item is first
-- Invariants: the item is told exactly once.
-- @include epoch
-- @include append-event
-- @include tell
-- @include forget-task
local n = epoch_of(run_id)
if not n then return { -1 } end
if redis.call('GET', K.lease(task_id)) ~= fence then return { -2 } end
if redis.call('LINDEX', K.mailbox(conversation_id), 0) ~= item_id then
  return { redis.call('EXISTS', K.task(item_id)) == 0 and 0 or -3 }
end
redis.call('LPOP', K.mailbox(conversation_id))
if event ~= '' then
  tell(n, { session_id = session_id, stream_id = stream_id, conversation_id = conversation_id, turn_id = item_turn_id }, event, data)
end
forget_task(item_id, item_turn_id, user)
return { 0 }
