-- ask-breaker: may a message of this user type try? After the time of being open one at a time may.
-- KEYS
--   1: P
-- ARGV
--   user_type: whose
--   probe_ms: how long one that tries may take before another one does
-- Returns {0 closed, 0} | {1 open, ms to wait} | {2 yes, as the one that tries, 0}.
-- Invariants: while one tries, nobody else does, in whichever process.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local breaker = K.breaker(user_type)
local open_until, probe_until = unpack(redis.call('HMGET', breaker, 'open_until', 'probe_until'))
if not open_until then return { 0, 0 } end
local wait_until = math.max(tonumber(open_until), tonumber(probe_until or 0))
if wait_until > now then return { 1, wait_until - now } end
redis.call('HSET', breaker, 'probe_until', now + tonumber(probe_ms))
return { 2, 0 }
