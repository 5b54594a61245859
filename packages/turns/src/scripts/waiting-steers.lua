#!lua
-- waiting-steers: which steers wait in the mailbox of a turn.
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   turn_id, conversation_id: of the turn
-- Returns {0, turn ids...}; none when the conversation names another turn; {-1} epoch
-- Invariants: changes nothing.
-- @include epoch
if not epoch_of(run_id) then return { -1 } end
local reply = { 0 }
if redis.call('HGET', K.conversation(conversation_id), 'turn_id') ~= turn_id then return reply end
for _, id in ipairs(redis.call('LRANGE', K.mailbox(conversation_id), 0, -1)) do
  local f = redis.call('HMGET', K.task(id), 'kind', 'turn_id')
  if f[1] == 'steer' then reply[#reply + 1] = f[2] end
end
return reply
