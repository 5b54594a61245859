#!lua
-- enqueue: a message whose row is written enters its lane (or is held), or its conversation's mailbox, or is refused: nothing is written.
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   task_id, turn_id, conversation_id, session_id, stream_id: of the message
--   user, message: hashes of the user id and the message id
--   lane, kind, created, payload, frag: as in the task's hash; created 1 = this message opened the conversation
--   target_turn_id: a steer's turn or empty
--   threshold, queue_factor: accepted while load < threshold x slots x (1 + queue_factor)
--   user_limit, mailbox_limit: queued and running messages of a user; length of a mailbox
--   running_limit: tasks of a user on lanes and in flight; more are held
--   now_iso, now_ms: for showing
-- Returns {0 on a lane, or held | 3 in the mailbox, first log id, active turn} {1 seen, ack} {2 known, active turn} {-1 epoch}
--   {-10 over the threshold | -11 no worker | -12 user's queue full | -13 mailbox full, load, capacity}
--   {-14 steer without a turn | -15 steer of another turn, active turn} {-16 refused before, by `refuse`}
-- Invariants: no allow-oom, so a full Redis refuses it whole; a steer is not counted against the capacity, it adds no turn.
-- @include epoch
-- @include append-event
-- @include conv-status
-- @include place-task
-- @include capacity
local n = epoch_of(run_id)
if not n then return { -1 } end
local seen = redis.call('GET', K.seen(user, message))
if seen then return { 1, seen } end
local named = redis.call('HGET', K.conversation(conversation_id), 'turn_id')
local active = named or ''
-- The ack is forgotten after a day, the message is not: without this, a late retry would run it again.
if redis.call('EXISTS', K.task(task_id), K.told(turn_id), K.refused(turn_id)) > 0 then
  if redis.call('EXISTS', K.task(task_id), K.told(turn_id)) > 0 then return { 2, active } end
  return { -16 }
end
if kind == 'steer' then
  if active == '' then return { -14, '' } end
  if target_turn_id ~= '' and target_turn_id ~= active then return { -15, active } end
else
  local load = redis.call('SCARD', K.tasks)
  local room, workers = capacity(queue_factor)
  if workers == 0 then return { -11, load, 0 } end
  if load >= tonumber(threshold) * room then return { -10, load, room } end
  if redis.call('SCARD', K.userTasks(user)) >= tonumber(user_limit) then return { -12, load, room } end
end
if active ~= '' and redis.call('LLEN', K.mailbox(conversation_id)) >= tonumber(mailbox_limit) then return { -13, 0, 0 } end
local first, busy_with = place_task(n, { task_id = task_id, turn_id = turn_id, conversation_id = conversation_id,
  session_id = session_id, stream_id = stream_id, user = user, lane = lane, kind = kind, created = created, payload = payload,
  frag = frag, running_limit = running_limit }, 'LPUSH', named)
local code = busy_with and 3 or 0
redis.call('SET', K.seen(user, message), code .. '|' .. (busy_with or '') .. '|' .. first, 'PX', 86400000)
return { code, first, busy_with or '' }
