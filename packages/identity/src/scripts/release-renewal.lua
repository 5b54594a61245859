-- release-renewal: gives a renewal back that did not come to its end.
-- KEYS
--   1: P
-- ARGV
--   hash: of the cookie
--   fence: of the caller
--   is_over: '1' when the sign-in is over and cookie and renewal go
-- Returns 1; 0 when another one has taken the renewal on meanwhile.
-- Invariants: nobody gives back, or ends, what another one has taken on.
if redis.call('GET', K.authRenewing(hash)) ~= fence then return 0 end
redis.call('DEL', K.authRenewing(hash))
if is_over == '1' then redis.call('DEL', K.authMasked(hash), K.authRenewal(hash)) end
return 1
