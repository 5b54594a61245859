-- capacity: slots of the workers that are alive and take work, times (1 + queue factor); and how many they are.
-- A worker's hash lives for three heartbeats, so nobody's clock is compared.
local function capacity(queue_factor)
  local workers, slots = 0, 0
  for _, id in ipairs(redis.call('ZRANGE', K.workers, 0, -1)) do
    local w = redis.call('HMGET', K.worker(id), 'slots', 'draining')
    if w[1] and w[2] ~= '1' then
      workers = workers + 1
      slots = slots + tonumber(w[1])
    end
  end
  return slots * (1 + tonumber(queue_factor)), workers
end
