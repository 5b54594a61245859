-- conv_status: appends the conversation's state to the session's log, for all of its streams. `m` is the message it is about.
-- An empty turn_id is null; an empty completion is left out.
-- @include body
local EVENT_STATUS = { created = 'started', in_progress = 'running', idle = 'completed', error = 'error' }
local function conv_status(n, m, state, current_turn_id, completion)
  local data = '{"state":"' .. state .. '","updated_at":"' .. now_iso .. '","current_turn_id":'
    .. (current_turn_id == '' and 'null' or '"' .. current_turn_id .. '"')
    .. (completion == '' and '' or ',"completion":"' .. completion .. '"')
    .. ',"origin_stream_id":' .. (m.stream_id == '' and 'null' or cjson.encode(m.stream_id)) .. '}'
  return append_event(n, m.session_id, 'conv_status', '', m.conversation_id, m.turn_id,
    body('conv.status', 'conv.state', EVENT_STATUS[state], m.frag, data))
end
