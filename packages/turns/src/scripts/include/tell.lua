-- tell: writes a turn's terminal event, the first time only (promise 4). Returns whether it was the first.
local TOLD_TTL_MS = 86400000
local function tell(n, m, event, data)
  if not redis.call('SET', K.told(m.turn_id), event, 'NX', 'PX', TOLD_TTL_MS) then return false end
  append_event(n, m.session_id, event, m.stream_id, m.conversation_id, m.turn_id, data)
  return true
end
