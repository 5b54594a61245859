-- close-breaker: the message that tried was accepted, or an admin closes it.
-- KEYS
--   1: P
-- ARGV
--   user_type: whose
--   is_forced: '1' closes it also while it is open
-- Returns 1 closed; 0: it was not open, or has been opened again meanwhile.
-- Invariants: one that tried long ago does not close what later refusals have opened.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local breaker = K.breaker(user_type)
local open_until = tonumber(redis.call('HGET', breaker, 'open_until'))
if not open_until or (open_until > now and is_forced ~= '1') then return 0 end
return redis.call('DEL', breaker)
