-- append: writes one platform event, which belongs to no running turn, into a session's log and publishes it (03, The stream).
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   session_id: whose log
--   event, stream_id, conversation_id, turn_id: as in the log; an empty stream_id means all streams of the session
--   data: one line of JSON
-- Returns {0, log_id}; {-1, ''} for another run_id than the epoch's: nothing was done.
-- Invariants: log and publication are one step.
-- @include epoch
-- @include append-event
local n = epoch_of(run_id)
if not n then return { -1, '' } end
local log_id = append_event(n, session_id, event, stream_id, conversation_id, turn_id, data)
return { 0, log_id }
