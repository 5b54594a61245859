-- note-refusal: a message was refused for want of room; enough of them open the breaker of their user type.
-- KEYS
--   1: P
-- ARGV
--   user_type: whose
--   limit: refusals of one window that open it
--   window_ms, open_ms: of the settings
-- Returns {1 open | 0 not, ms that it stays open}.
-- Invariants: the time is Redis' own. A refusal while it is open changes nothing; the first one after that opens it again at once.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local breaker = K.breaker(user_type)
local open_until, began = unpack(redis.call('HMGET', breaker, 'open_until', 'began'))
open_until = tonumber(open_until)
if open_until and open_until > now then return { 1, open_until - now } end

local is_new = not began or now - tonumber(began) >= tonumber(window_ms)
if is_new then redis.call('HSET', breaker, 'began', now, 'count', 0) end
local count = redis.call('HINCRBY', breaker, 'count', 1)
-- Longer than it may matter, so that what is over for a while is forgotten.
redis.call('PEXPIRE', breaker, 2 * (tonumber(window_ms) + tonumber(open_ms)))
if not open_until and count < tonumber(limit) then return { 0, 0 } end
redis.call('HDEL', breaker, 'probe_until')
redis.call('HSET', breaker, 'open_until', now + tonumber(open_ms), 'count', 0)
redis.call('HINCRBY', breaker, 'opened', 1)
return { 1, tonumber(open_ms) }
