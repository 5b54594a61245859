#!lua flags=allow-oom
-- open-epoch: a rebuild makes the data its own: until `close-epoch` every script of anybody else answers EPOCH.
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server; nothing is done when the data belongs to it already
--   token: stands in for the run_id while the rebuild works
--   at_least: a number that no earlier epoch had, for when Redis forgot the last one (seconds since 1970, Postgres' clock)
-- Returns {0, n}; {1} nothing to rebuild
-- Invariants: n only grows, also over a flush: log ids of different epochs never compare as one log.
local e = redis.call('HMGET', K.epoch, 'n', 'run_id')
if e[1] and e[2] == run_id then return { 1 } end
local n = math.max((tonumber(e[1]) or 0) + 1, tonumber(at_least))
redis.call('HSET', K.epoch, 'n', string.format('%.0f', n), 'run_id', token)
return { 0, string.format('%.0f', n) }
