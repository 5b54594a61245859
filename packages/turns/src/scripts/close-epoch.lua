#!lua flags=allow-oom
-- close-epoch: the rebuild is done, the data belongs to this server.
-- KEYS
--   1: P
-- ARGV
--   token: of the rebuild
--   server_run_id: the run_id with which the rebuild began
-- Returns {0}; {-1} another rebuild has begun meanwhile
-- Invariants: a server that was restarted during the rebuild has another run_id, so everybody gets EPOCH again and it is done again.
if redis.call('HGET', K.epoch, 'run_id') ~= token then return { -1 } end
redis.call('HSET', K.epoch, 'run_id', server_run_id)
return { 0 }
