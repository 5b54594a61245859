-- tell: writes a turn's terminal event, the first time only (promise 4). Returns whether it was the first.
-- `closings`: bodies of the empty deltas before it, one a line, or nil.
local TOLD_TTL_MS = 86400000
local function tell(n, m, event, data, closings)
  if not redis.call('SET', K.told(m.turn_id), event, 'NX', 'PX', TOLD_TTL_MS) then return false end
  for closing in string.gmatch(closings or '', '[^\n]+') do
    append_event(n, m.session_id, 'chat_delta', m.stream_id, m.conversation_id, m.turn_id, closing)
  end
  append_event(n, m.session_id, event, m.stream_id, m.conversation_id, m.turn_id, data)
  return true
end
