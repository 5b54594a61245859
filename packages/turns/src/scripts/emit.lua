#!lua flags=allow-oom
-- emit: appends and publishes a batch of a running turn's events and keeps the answer so far.
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   task_id, fence: whose lease
--   turn_id, conversation_id, session_id: for the events
--   snapshot_mode, snapshot_text: set = the whole answer, append = what is new of it, none
--   snapshot_ms: life of the snapshot from its first words on; no turn lives longer
--   events...: number, event, stream_id, data, number, ...; numbers grow within the turn
-- Returns {0}; {-1} epoch; {-2} lease lost
-- Invariants: a number that is not above the turn's last is ignored, so a batch may be sent again; snapshot = "<log id>\n<answer>", with
--   every answer delta up to that id.
-- @include epoch
-- @include append-event
local n = epoch_of(run_id)
if not n then return { -1 } end
if redis.call('GET', K.lease(task_id)) ~= fence then return { -2 } end
local last, id = tonumber(redis.call('HGET', K.task(task_id), 'emitted') or '0'), nil
for i = events_at, #ARGV, 4 do
  if tonumber(ARGV[i]) > last then
    id = append_event(n, session_id, ARGV[i + 1], ARGV[i + 2], conversation_id, turn_id, ARGV[i + 3])
    last = tonumber(ARGV[i])
  end
end
if not id then return { 0 } end
redis.call('HSET', K.task(task_id), 'emitted', string.format('%.0f', last))
if snapshot_mode == 'append' then
  -- All ids of one epoch have the same length: the former one is overwritten in place.
  redis.call('SETRANGE', K.snapshot(turn_id), 0, id)
  redis.call('APPEND', K.snapshot(turn_id), snapshot_text)
elseif snapshot_mode == 'set' then
  redis.call('SET', K.snapshot(turn_id), id .. '\n' .. snapshot_text, 'PX', snapshot_ms)
end
return { 0 }
