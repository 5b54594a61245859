#!lua flags=no-writes
-- read-task: what Redis knows of one message, and where it is now.
-- KEYS
--   1: P
-- ARGV
--   task_id, turn_id, conversation_id, session_id, lane: of the message
--   user: hash of its user id
--   reach: how far into a list or a log is looked
-- Returns {now in ms, {v, lane, kind, attempts, cancel_requested, unleased_since} or {}, lease or '', its life in ms,
--   started marker or '', told or '', {state, turn_id} of the conversation or {}, place, position or -1,
--   {log id, event, log id, event, ...} newest first, 1 if there is more in the log than was looked at}
-- Invariants: reads only, at most `reach` items of each list. Place: lease, inflight, lane, held, mailbox, nowhere, over.
local time = redis.call('TIME')
local task = redis.call('HMGET', K.task(task_id), 'v', 'lane', 'kind', 'attempts', 'cancel_requested', 'unleased_since')
local lease = redis.call('GET', K.lease(task_id)) or ''
local conv = redis.call('HMGET', K.conversation(conversation_id), 'state', 'turn_id')
-- Next ones are at the right end of every list but the mailbox.
local function position(key, rank) return redis.call('LPOS', key, task_id, 'RANK', rank, 'MAXLEN', reach) end
local function from_head(key)
  local at = position(key, -1)
  return at and redis.call('LLEN', key) - 1 - at
end
local function place()
  if not task[1] then return 'over', -1 end
  if lease ~= '' then return 'lease', -1 end
  local tries = { { 'lane', from_head(K.lane(lane)) }, { 'inflight', from_head(K.inflight(lane)) },
    { 'mailbox', position(K.mailbox(conversation_id), 1) }, { 'held', from_head(K.held(user)) } }
  for _, try in ipairs(tries) do
    if try[2] then return try[1], try[2] end
  end
  -- Too far back to be seen: of long lists only a lane is that long.
  return redis.call('LLEN', K.lane(lane)) > tonumber(reach) and 'lane' or 'nowhere', -1
end
local where, at = place()
local events, log = {}, redis.call('XREVRANGE', K.events(session_id), '+', '-', 'COUNT', reach)
for _, entry in ipairs(log) do
  local name, turn = '', ''
  for i = 1, #entry[2], 2 do
    if entry[2][i] == 'event' then name = entry[2][i + 1] end
    if entry[2][i] == 'turn_id' then turn = entry[2][i + 1] end
  end
  if turn == turn_id then
    events[#events + 1] = entry[1]
    events[#events + 1] = name
  end
end
return { string.format('%.0f', tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)), task[1] and task or {}, lease,
  lease == '' and 0 or redis.call('PTTL', K.lease(task_id)), redis.call('GET', K.started(task_id)) or '',
  redis.call('GET', K.told(turn_id)) or '', conv[1] and conv or {}, where, at, events, #log == tonumber(reach) and 1 or 0 }
