-- read-running: the running turns of a session with their answers so far, all as of one moment (03, Resume).
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   session_id: whose turns
-- Returns {0, newest log id or '', turn_id, start_id, conversation_id or '', snapshot or '', turn_id, ...};
--   {-1} for another run_id than the epoch's.
-- Invariants: reads only. Whatever the log has up to the newest id is in a snapshot, or belongs to what can be read again.
-- @include epoch
local n = epoch_of(run_id)
if not n then return { -1 } end
local key = K.events(session_id)
local tail = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)
local found = { 0, tail[1] and tail[1][1] or '' }
local running = redis.call('HGETALL', K.runningTurns(session_id))
for i = 1, #running, 2 do
  local conversation_id = ''
  local start = redis.call('XRANGE', key, running[i + 1], running[i + 1])
  for at = 1, start[1] and #start[1][2] or 0, 2 do
    if start[1][2][at] == 'conversation_id' then conversation_id = start[1][2][at + 1] end
  end
  table.insert(found, running[i])
  table.insert(found, running[i + 1])
  table.insert(found, conversation_id)
  table.insert(found, redis.call('GET', K.snapshot(running[i])) or '')
end
return found
