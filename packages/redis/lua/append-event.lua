-- append_event: writes one event into a session's log and publishes it; returns its log id.
-- What a script appends to one log goes out at the script's end as one message, the JSON of
--   [id, prev, event, stream_id, conversation_id, turn_id, data] of its last entry. The entries before it stand behind turn_id, each of
--   their seven fields on a line of its own: no field holds a line's end. A release that does not look there finds a message whose
--   `prev` it does not know, and reads the log.
-- Invariants:
--   * log id = <epoch n>-<seq>, seq = max(last seq + 1, server time in microseconds): grows like time, so resuming is provable;
--   * `prev` is the id of the entry before ('0-0' in an empty log): a subscriber sees a gap, a reader sees a cut;
--   * log and publication are one step (`@finally` runs however the script returns); nobody publishes what is not in the log;
--   * over LOG_CAP entries the log is cut to the oldest chat_start of a running turn, over twice the cap in any case.
-- What the first event of a script has found out of its log, the next ones of that script know: nobody else writes meanwhile.
-- @finally publish_events
local LOG_CAP, LOG_TTL_MS = 10000, 900000
local tails = {}
local function next_seq(last, n)
  local now = redis.call('TIME')
  local seq = tonumber(now[1]) * 1000000 + tonumber(now[2])
  local last_n, last_seq = string.match(last, '^(%d+)-(%d+)$')
  if last_n == n and tonumber(last_seq) >= seq then return tonumber(last_seq) + 1 end
  return seq
end
local function trim_log(key, session_id)
  local floor = nil
  for _, id in ipairs(redis.call('HVALS', K.runningTurns(session_id))) do
    if not floor or tonumber(string.match(id, '%d+$')) < tonumber(string.match(floor, '%d+$')) then floor = id end
  end
  if floor and redis.call('XLEN', key) <= 2 * LOG_CAP then
    redis.call('XTRIM', key, 'MINID', '~', floor)
  else
    redis.call('XTRIM', key, 'MAXLEN', '~', floor and 2 * LOG_CAP or LOG_CAP)
  end
end
local function append_event(n, session_id, event, stream_id, conversation_id, turn_id, data)
  local key, tail = K.events(session_id), tails[session_id]
  local prev, seq
  if tail then
    prev, seq = tail.id, tail.seq + 1
  else
    local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)
    prev = last[1] and last[1][1] or '0-0'
    seq = next_seq(prev, n)
  end
  local id = n .. '-' .. string.format('%.0f', seq)
  redis.call('XADD', key, id, 'prev', prev, 'event', event, 'stream_id', stream_id,
    'conversation_id', conversation_id, 'turn_id', turn_id, 'data', data)
  if not tail then
    redis.call('PEXPIRE', key, LOG_TTL_MS)
    if redis.call('XLEN', key) > LOG_CAP then trim_log(key, session_id) end
    tail = { entries = {} }
    tails[session_id] = tail
  end
  tail.id, tail.seq = id, seq
  tail.entries[#tail.entries + 1] = { id, prev, event, stream_id, conversation_id, turn_id, data }
  return id, prev
end
publish_events = function()
  for session_id, tail in pairs(tails) do
    local last = table.remove(tail.entries)
    if #tail.entries > 0 then
      local lines = { last[6] }
      for i, entry in ipairs(tail.entries) do lines[i + 1] = table.concat(entry, '\n') end
      last[6] = table.concat(lines, '\n')
    end
    redis.call('SPUBLISH', K.relay(session_id), cjson.encode(last))
  end
end
