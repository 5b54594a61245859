-- place_ready: a task whose turn is next in its conversation goes on its lane, or is held while its user has as many tasks on lanes and
-- in flight (`placed`) as he may have running. `side` LPUSH is the end, RPUSH the head, of lane and held list alike.
-- fill_lane: moves held tasks of a user to the end of their lanes as far as his limit goes, first in first out; called wherever one of
-- his tasks leaves. Each task carries the limit that it was accepted under; one without it was placed by an older build and has none.
-- Invariants: nobody overtakes a held task of his own; a step costs the same for one held task and for twenty thousand.
local FILL_AT_ONCE = 64
local function has_room(user, running_limit)
  return redis.call('SCARD', K.placed(user)) < (tonumber(running_limit or '') or math.huge)
end
local function fill_lane(user)
  local held = K.held(user)
  for _ = 1, FILL_AT_ONCE do
    local task_id = redis.call('LINDEX', held, 0)
    if not task_id then return end
    local f = redis.call('HMGET', K.task(task_id), 'lane', 'running_limit')
    if f[1] and not has_room(user, f[2]) then return end
    redis.call('LPOP', held)
    if f[1] then
      redis.call('SADD', K.placed(user), task_id)
      redis.call('LPUSH', K.lane(f[1]), task_id)
    end
  end
end
local function place_ready(task_id, user, lane, running_limit, side)
  if redis.call('EXISTS', K.held(user)) == 0 and has_room(user, running_limit) then
    redis.call('SADD', K.placed(user), task_id)
    redis.call(side, K.lane(lane), task_id)
  else
    redis.call(side == 'LPUSH' and 'RPUSH' or 'LPUSH', K.held(user), task_id)
    fill_lane(user)
  end
end
