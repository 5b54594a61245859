#!lua
-- read-ack: the first answer to a message, for a retry that comes when its row is past `queued`.
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   user, message: hashes of the user id and the message id
-- Returns {1, ack} as in enqueue; {-3} forgotten; {-1} epoch
-- Invariants: changes nothing.
-- @include epoch
if not epoch_of(run_id) then return { -1 } end
local seen = redis.call('GET', K.seen(user, message))
return seen and { 1, seen } or { -3 }
