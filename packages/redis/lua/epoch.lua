-- epoch: n of the data, or nil when the caller's run_id is not the one that the data belongs to (02, step 10).
local function epoch_of(caller_run_id)
  local e = redis.call('HMGET', K.epoch, 'n', 'run_id')
  if not e[1] or e[2] ~= caller_run_id then return nil end
  return e[1]
end
