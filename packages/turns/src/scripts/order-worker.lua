#!lua flags=allow-oom
-- order-worker: tells a worker to take no more work, or to take some again. It hears of it at once, or with its next heartbeat.
-- KEYS
--   1: P
-- ARGV
--   worker_id: with its boot id
--   wanted: drain or work
-- Returns {0, former order} told; {1, former order} it was told that before; {-3} no such worker, or it is gone
-- Invariants: the order lies with the heartbeat, so it ends with the process. Independent of the epoch, as the heartbeat is.
if redis.call('HEXISTS', K.worker(worker_id), 'slots') == 0 then return { -3 } end
local before = redis.call('HGET', K.worker(worker_id), 'ordered') or 'work'
redis.call('HSET', K.worker(worker_id), 'ordered', wanted)
redis.call('SPUBLISH', K.control(worker_id), cjson.encode({ kind = wanted }))
return { before == wanted and 1 or 0, before }
