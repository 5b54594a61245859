-- place_task: makes a message's task and puts it into its conversation's mailbox, or on its lane (or held) with the conversation under it.
-- `side` LPUSH is the lane's end, RPUSH its head. Returns the id of the first event that it appended, and the active turn's id if the
-- conversation is busy. Invariant (M): busy means that the conversation names a turn.
-- `named`: what HGET said of the conversation's turn_id, from a caller that has asked already.
-- @include place-ready
local function place_task(n, m, side, named)
  local conv = K.conversation(m.conversation_id)
  local active = named
  if active == nil then active = redis.call('HGET', conv, 'turn_id') end
  redis.call('HSET', K.task(m.task_id), 'v', '1', 'payload', m.payload, 'kind', m.kind, 'lane', m.lane, 'attempts', '0',
    'conversation_id', m.conversation_id, 'turn_id', m.turn_id, 'session_id', m.session_id, 'stream_id', m.stream_id,
    'user', m.user, 'created', m.created, 'frag', m.frag, 'running_limit', m.running_limit)
  redis.call('SADD', K.tasks, m.task_id)
  redis.call('SADD', K.userTasks(m.user), m.task_id)
  if active and active ~= '' then
    redis.call('RPUSH', K.mailbox(m.conversation_id), m.task_id)
    local data = '{"queued_turn_id":"' .. m.turn_id .. '","active_turn_id":"' .. active .. '"}'
    return append_event(n, m.session_id, 'chat_service', m.stream_id, m.conversation_id, m.turn_id,
      body('event.continuation.accepted', 'continuation', 'completed', m.frag, data)), active
  end
  redis.call('HSET', conv, 'state', 'in_progress', 'turn_id', m.turn_id, 'task_id', m.task_id, 'updated_at', now_iso)
  -- A conversation that had no hash has no time to live either.
  if active then redis.call('PERSIST', conv) end
  place_ready(m.task_id, m.user, m.lane, m.running_limit, side)
  local first = m.created == '1' and conv_status(n, m, 'created', m.turn_id, '')
  local second = conv_status(n, m, 'in_progress', m.turn_id, '')
  return first or second, nil
end
