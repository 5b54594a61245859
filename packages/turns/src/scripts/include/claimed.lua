-- claimed: takes the lease of an inflight task and returns it as {task_id, fence, attempts, created, lane, payload}.
-- nil when somebody else has the lease; an id whose message is over is taken off the list.
local function claimed(task_id, lane, fence, lease_ms)
  local key = K.task(task_id)
  local f = redis.call('HMGET', key, 'created', 'payload', 'unleased_since')
  if not f[2] then
    redis.call('LREM', K.inflight(lane), 1, task_id)
    return nil
  end
  if not redis.call('SET', K.lease(task_id), fence, 'NX', 'PX', lease_ms) then return nil end
  if f[3] then redis.call('HDEL', key, 'unleased_since') end
  return { task_id, fence, redis.call('HINCRBY', key, 'attempts', 1), f[1], lane, f[2] }
end
