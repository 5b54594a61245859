-- replace-masked: puts a new token behind a masked cookie, and what the next one is made with.
-- KEYS
--   1: P
-- ARGV
--   hash: of the cookie
--   fence: of the caller, from when he took the renewal on
--   token, token_ms: sealed, and how long it is there
--   renewal: sealed
-- Returns 1; 0 when another one has taken the renewal on meanwhile; -1 when the sign-in has ended.
-- Invariants: a sign-in that ended while its token was being renewed stays ended. The renewal ends with the sign-in, not later.
if redis.call('GET', K.authRenewing(hash)) ~= fence then return 0 end
redis.call('DEL', K.authRenewing(hash))
local left = redis.call('PTTL', K.authRenewal(hash))
if left <= 0 then return -1 end
redis.call('SET', K.authMasked(hash), token, 'PX', math.min(tonumber(token_ms), left))
redis.call('SET', K.authRenewal(hash), renewal, 'PX', left)
return 1
