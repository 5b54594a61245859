-- append-some: some events of two logs, to try what a script publishes.
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   pairs...: session_id, data, session_id, ...
-- Returns their ids
-- @include epoch
-- @include append-event
local n, ids = epoch_of(run_id), {}
for i = pairs_at, #ARGV, 2 do ids[#ids + 1] = append_event(n, ARGV[i], 'chat_delta', 'stream', 'c', 't', ARGV[i + 1]) end
if #ids > 0 then return ids end
return { 'none' }
