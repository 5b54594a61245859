#!lua
-- peek: looks at the first item of the mailbox of a running turn's conversation.
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   task_id, fence: whose lease
--   turn_id, conversation_id: of the running turn
-- Returns {0} nothing there; {0, task_id, payload}; {-1} epoch; {-2} lease lost, or not the conversation's turn
-- Invariants: changes nothing.
-- @include epoch
if not epoch_of(run_id) then return { -1 } end
if redis.call('GET', K.lease(task_id)) ~= fence then return { -2 } end
if redis.call('HGET', K.conversation(conversation_id), 'turn_id') ~= turn_id then return { -2 } end
local item = redis.call('LINDEX', K.mailbox(conversation_id), 0)
if not item then return { 0 } end
return { 0, item, redis.call('HGET', K.task(item), 'payload') or '' }
