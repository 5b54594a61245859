#!lua flags=allow-oom
-- reap: finds claims that nobody has held for a whole lease period and takes their leases (M: nothing else; the row decides).
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   reaper_id, counter: fences are reaper:reaper_id:counter+1, +2, ...
--   lease_ms: the period of suspicion, and life of the reaper's leases
--   limit: suspects at most
--   lanes...: all lanes
-- Returns {0, ms until the next claim becomes a suspect or -1, {task_id, fence, attempts, created, lane, payload, fence of its started
--   marker or ''}...}; {-1} epoch
-- Invariants: a popped task that is not adopted yet gets a whole period; times are this server's.
-- @include epoch
if not epoch_of(run_id) then return { -1 } end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local suspects, next_ms = {}, -1
local function suspect(task_id, lane)
  local key = K.task(task_id)
  local f = redis.call('HMGET', key, 'unleased_since', 'attempts', 'created')
  if not f[2] then return redis.call('LREM', K.inflight(lane), 1, task_id) end
  if redis.call('EXISTS', K.lease(task_id)) == 1 then return f[1] and redis.call('HDEL', key, 'unleased_since') end
  local left = tonumber(lease_ms) - (f[1] and now - tonumber(f[1]) or 0)
  if not f[1] then redis.call('HSET', key, 'unleased_since', string.format('%.0f', now)) end
  if not f[1] or left > 0 then
    next_ms = next_ms < 0 and left or math.min(next_ms, left)
    return
  end
  local fence = 'reaper:' .. reaper_id .. ':' .. string.format('%.0f', counter + #suspects + 1)
  redis.call('SET', K.lease(task_id), fence, 'PX', lease_ms)
  suspects[#suspects + 1] = { task_id, fence, tonumber(f[2]), f[3], lane, redis.call('HGET', key, 'payload'),
    string.match(redis.call('GET', K.started(task_id)) or '', '^[^ ]*') }
end
for i = lanes_at, #ARGV do
  -- Oldest claims are at the right end.
  local ids = redis.call('LRANGE', K.inflight(ARGV[i]), -1000, -1)
  for at = #ids, 1, -1 do
    if #suspects < tonumber(limit) then suspect(ids[at], ARGV[i]) end
  end
end
return { 0, next_ms, unpack(suspects) }
