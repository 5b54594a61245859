-- close_conversation: what follows a turn that is over. Nothing if the conversation names another turn; else the steers in the mailbox
-- are told and dropped (M), also those behind a followup: all of them were for the turn that ended, and a stop must not stop the next
-- one. One whose row is folded into that turn (`m.folded`, a set of turn ids) is told as consumed, the others as skipped. Then exactly one followup is promoted, or the conversation rests in `rest` (idle or error).
-- A turn whose conversation was deleted (`m.is_gone`) rests in silence and leaves no key.
-- A promoted one goes behind what is held of its user, so that one long mailbox does not starve his other conversations.
-- `is_rebuild`: also where the conversation names no turn, since a rebuild starts from none. Returns promoted task id, dropped turn ids.
-- One that rests is kept for a week; without it a conversation counts as idle, and its rows say how the last turn ended.
-- @include place-ready
local REST_TTL_MS = 604800000
local function drop_steer(n, m, ended)
  if ended.folded[m.turn_id] then
    local data = '{"queued_turn_id":"' .. m.turn_id .. '","turn_id":"' .. ended.turn_id .. '"}'
    tell(n, m, 'chat_service', body('event.continuation.consumed', 'continuation', 'completed', m.frag, data))
    return forget_task(m.task_id, m.turn_id, m.user)
  end
  local data = '{"queued_turn_id":"' .. m.turn_id .. '","turn_id":"' .. ended.turn_id .. '","reason":"no_active_turn"}'
  tell(n, m, 'chat_service', body('active_turn_control_no_active_turn', 'continuation', 'skipped', m.frag, data))
  forget_task(m.task_id, m.turn_id, m.user)
end
local function next_followup(n, ended, dropped)
  local mailbox, follower = K.mailbox(ended.conversation_id), nil
  for _, id in ipairs(redis.call('LRANGE', mailbox, 0, -1)) do
    local f = redis.call('HMGET', K.task(id), 'kind', 'turn_id', 'lane', 'session_id', 'stream_id', 'frag', 'user',
      'running_limit')
    local m = { task_id = id, turn_id = f[2], lane = f[3], session_id = f[4], stream_id = f[5], frag = f[6],
      conversation_id = ended.conversation_id, user = f[7], running_limit = f[8] }
    if f[1] ~= 'message' or not follower then redis.call('LREM', mailbox, 1, id) end
    if f[1] == 'message' then
      follower = follower or m
    elseif f[1] then
      drop_steer(n, m, ended)
      dropped[#dropped + 1] = m.turn_id
    end
  end
  return follower
end
local function close_conversation(n, m, rest, completion, is_rebuild)
  local conv = K.conversation(m.conversation_id)
  local current = redis.call('HGET', conv, 'turn_id') or ''
  if current ~= m.turn_id and not (is_rebuild and current == '') then return '', {} end
  local dropped = {}
  local follower = next_followup(n, m, dropped)
  if follower then
    redis.call('HSET', conv, 'state', 'in_progress', 'turn_id', follower.turn_id, 'task_id', follower.task_id, 'updated_at', now_iso)
    redis.call('PERSIST', conv)
    place_ready(follower.task_id, follower.user, follower.lane, follower.running_limit, 'LPUSH')
    conv_status(n, follower, 'in_progress', follower.turn_id, completion)
    return follower.task_id, dropped
  end
  if m.is_gone then
    redis.call('DEL', conv)
    return '', dropped
  end
  redis.call('HSET', conv, 'state', rest, 'turn_id', '', 'task_id', '', 'updated_at', now_iso)
  redis.call('PEXPIRE', conv, REST_TTL_MS)
  conv_status(n, m, rest, '', completion)
  return '', dropped
end
