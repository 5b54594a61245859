#!lua
-- claim: takes up to `wanted` tasks, walking the weighted cycle of lanes from `position`; lanes found empty are left out.
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   worker_id, counter: fences are worker_id:counter+1, +2, ...; the caller never uses a counter twice
--   lease_ms: life of the leases
--   wanted: free slots that the caller has reserved
--   position: where in the cycle to begin, from 0
--   cycle...: lane names
-- Returns {0, next position, {task_id, fence, attempts, created, lane, payload}...}; {-1} epoch
-- Invariants: a claimed id is in its inflight list before anybody sees it; a lease that exists is never overwritten.
-- @include epoch
-- @include claimed
if not epoch_of(run_id) then return { -1 } end
local size = #ARGV - cycle_at + 1
local at, taken, misses, empty, reply = tonumber(position), 0, 0, {}, { 0, 0 }
while taken < tonumber(wanted) and misses < size do
  local lane = ARGV[cycle_at + at % size]
  at = at + 1
  local task_id = not empty[lane] and redis.call('RPOPLPUSH', K.lane(lane), K.inflight(lane))
  if task_id then
    misses = 0
    local task = claimed(task_id, lane, worker_id .. ':' .. string.format('%.0f', counter + taken + 1), lease_ms)
    if task then
      taken = taken + 1
      reply[taken + 2] = task
    end
  else
    empty[lane] = true
    misses = misses + 1
  end
end
reply[2] = at % size
return reply
