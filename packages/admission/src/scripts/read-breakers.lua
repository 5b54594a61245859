-- read-breakers: how the breakers stand, for views and for processes that have not opened them themselves.
-- KEYS
--   1: P
-- ARGV
--   user_types...: whose
-- Returns for each {1 not closed | 0 closed, ms that it stays open, refusals of the window, times it was opened}.
-- Invariants: writes nothing.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local views = {}
for at = user_types_at, #ARGV do
  local fields = redis.call('HMGET', K.breaker(ARGV[at]), 'open_until', 'count', 'opened')
  local open_until = tonumber(fields[1])
  local left = open_until and math.max(0, open_until - now) or 0
  views[#views + 1] = { open_until and 1 or 0, left, tonumber(fields[2] or 0), tonumber(fields[3] or 0) }
end
return views
