#!lua flags=no-writes
-- read-lanes: how much lies in each lane and is claimed from it, and since when its next task waits.
-- KEYS
--   1: P
-- ARGV
--   queue_factor: as in enqueue
--   lanes...: lane names
-- Returns {now in ms, load, capacity, workers, {lane, ready, inflight, next task id or '', since when it waits (ISO 8601) or ''}...}
-- Invariants: reads only. Costs the same with any number of tasks: lengths, and the tail of a list.
-- @include capacity
local time = redis.call('TIME')
local room, workers = capacity(queue_factor)
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local reply = { string.format('%.0f', now), redis.call('SCARD', K.tasks), string.format('%.0f', room), workers }
-- The conversation was changed last when this turn of it entered its lane.
local function since_of(task_id)
  local task = redis.call('HMGET', K.task(task_id), 'conversation_id', 'turn_id')
  if not task[1] then return '' end
  local conv = redis.call('HMGET', K.conversation(task[1]), 'turn_id', 'updated_at')
  return conv[1] == task[2] and conv[2] or ''
end
for i = lanes_at, #ARGV do
  local lane = ARGV[i]
  local next_id = redis.call('LINDEX', K.lane(lane), -1) or ''
  reply[#reply + 1] = { lane, redis.call('LLEN', K.lane(lane)), redis.call('LLEN', K.inflight(lane)), next_id,
    next_id == '' and '' or since_of(next_id) }
end
return reply
