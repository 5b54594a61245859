#!lua flags=allow-oom
-- heartbeat: a worker says what it is and does; with life_ms 0 it leaves.
-- KEYS
--   1: P
-- ARGV
--   worker_id: with its boot id
--   slots, busy, draining: numbers; draining 1 = takes no work, its slots do not count
--   version, last_poll_ms: build, and how long ago claiming last worked
--   life_ms: three beats; the hash is gone when it is not renewed
-- Returns {workers that are known, what an admin ordered: drain, work or ''}
-- Invariants: independent of the epoch: it is about the worker, not about the data.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
if tonumber(life_ms) == 0 then
  redis.call('ZREM', K.workers, worker_id)
  redis.call('DEL', K.worker(worker_id))
  return { redis.call('ZCARD', K.workers), '' }
end
redis.call('HSET', K.worker(worker_id), 'slots', slots, 'busy', busy, 'draining', draining, 'version', version,
  'last_poll_ms', last_poll_ms)
redis.call('PEXPIRE', K.worker(worker_id), life_ms)
redis.call('ZADD', K.workers, string.format('%.0f', now), worker_id)
redis.call('ZREMRANGEBYSCORE', K.workers, '-inf', string.format('%.0f', now - tonumber(life_ms)))
return { redis.call('ZCARD', K.workers), redis.call('HGET', K.worker(worker_id), 'ordered') or '' }
