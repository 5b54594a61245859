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
-- Returns {0, {task_id, fence, attempts, created, lane, payload, fence of its started marker or ''}...}; {-1} epoch
-- Invariants: a popped task that is not adopted yet gets a whole period; times are this server's.
-- @include epoch
if not epoch_of(run_id) then return { -1 } end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local reply = { 0 }
local function suspect(task_id, lane)
  local key = K.task(task_id)
  local f = redis.call('HMGET', key, 'unleased_since', 'attempts', 'created', 'payload')
  if not f[4] then return redis.call('LREM', K.inflight(lane), 1, task_id) end
  if redis.call('EXISTS', K.lease(task_id)) == 1 then return f[1] and redis.call('HDEL', key, 'unleased_since') end
  if not f[1] then return redis.call('HSET', key, 'unleased_since', string.format('%.0f', now)) end
  if now - tonumber(f[1]) < tonumber(lease_ms) then return end
  local fence = 'reaper:' .. reaper_id .. ':' .. string.format('%.0f', counter + #reply)
  redis.call('SET', K.lease(task_id), fence, 'PX', lease_ms)
  reply[#reply + 1] = { task_id, fence, tonumber(f[2]), f[3], lane, f[4],
    string.match(redis.call('GET', K.started(task_id)) or '', '^[^ ]*') }
end
for i = lanes_at, #ARGV do
  -- Oldest claims are at the right end.
  local ids = redis.call('LRANGE', K.inflight(ARGV[i]), -1000, -1)
  for at = #ids, 1, -1 do
    if #reply <= tonumber(limit) then suspect(ids[at], ARGV[i]) end
  end
end
return reply
