#!lua flags=allow-oom
-- requeue: a task goes back to the head of its lane, under the reaper's lease or its worker's, whose row says `queued`; or it is made again from its row (reconciler, rebuild).
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   fence: the lease; empty: from the row
--   side: RPUSH = head of the lane, LPUSH = its end (a rebuild, which goes through the rows in order)
--   task_id, turn_id, conversation_id, session_id, stream_id, user: as in enqueue
--   lane, kind, created, payload, frag, running_limit: as in enqueue
--   now_iso, now_ms: for showing
-- Returns {0} done, {1} nothing to do: told, or the task exists; {-1} epoch, {-2} lease lost
-- Invariants: ignores `seen` and the capacity, since the message is accepted already.
-- @include epoch
-- @include append-event
-- @include conv-status
-- @include place-task
local n = epoch_of(run_id)
if not n then return { -1 } end
if fence ~= '' then
  if redis.call('GET', K.lease(task_id)) ~= fence then return { -2 } end
  if redis.call('LREM', K.inflight(lane), 1, task_id) == 0 then return { 1 } end
  -- It was claimed, so it counts as one of its user's running turns and goes on counting.
  redis.call('SADD', K.placed(user), task_id)
  redis.call(side, K.lane(lane), task_id)
  -- Of a start whose row went back to `queued` (retryIfSilent): the next one begins from nothing.
  redis.call('HDEL', K.task(task_id), 'unleased_since', 'emitted')
  redis.call('DEL', K.lease(task_id), K.started(task_id), K.snapshot(turn_id))
  return { 0 }
end
if redis.call('EXISTS', K.told(turn_id), K.task(task_id)) > 0 then return { 1 } end
-- Should its former life have left it there: it must not be held because of itself.
redis.call('SREM', K.placed(user), task_id)
place_task(n, { task_id = task_id, turn_id = turn_id, conversation_id = conversation_id, session_id = session_id,
  stream_id = stream_id, user = user, lane = lane, kind = kind, created = created, payload = payload, frag = frag,
  running_limit = running_limit }, side)
return { 0 }
