#!lua flags=allow-oom
-- fill-lanes: looks after users with held tasks: what is gone counts no more against them, and held tasks move as far as limits go.
-- KEYS
--   1: P
-- ARGV
--   run_id: of the caller's server
--   users...: hashes of user ids
-- Returns {0}; {-1} epoch
-- Invariants: changes nothing where all went well; heals what an older build, which knows no held lists, has left behind.
-- @include epoch
-- @include place-ready
if not epoch_of(run_id) then return { -1 } end
for i = users_at, #ARGV do
  for _, task_id in ipairs(redis.call('SMEMBERS', K.placed(ARGV[i]))) do
    if redis.call('EXISTS', K.task(task_id)) == 0 then redis.call('SREM', K.placed(ARGV[i]), task_id) end
  end
  fill_lane(ARGV[i])
end
return { 0 }
