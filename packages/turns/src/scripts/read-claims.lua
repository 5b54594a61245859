#!lua flags=no-writes
-- read-claims: parts of the lists of what is claimed.
-- KEYS
--   1: P
-- ARGV
--   slices...: lane, offset from the oldest, count, lane, ...
-- Returns {{task_id, lane, turn_id, conversation_id, attempts, cancel_requested, fence of its lease, 1 if it was started}...}, '' for what
--   is not there; in the order of the slices, oldest first
-- Invariants: reads only, and only the slices, however long the lists are. Payloads, which may be a megabyte, stay where they are.
local reply = {}
for i = slices_at, #ARGV, 3 do
  local lane, offset, count = ARGV[i], tonumber(ARGV[i + 1]), tonumber(ARGV[i + 2])
  -- Claims enter at the left end: the oldest are at the right one.
  local ids = redis.call('LRANGE', K.inflight(lane), -offset - count, -offset - 1)
  for at = #ids, 1, -1 do
    local id = ids[at]
    local f = redis.call('HMGET', K.task(id), 'turn_id', 'conversation_id', 'attempts', 'cancel_requested')
    reply[#reply + 1] = { id, lane, f[1] or '', f[2] or '', f[3] or '0', f[4] or '', redis.call('GET', K.lease(id)) or '',
      redis.call('EXISTS', K.started(id)) }
  end
end
return reply
