-- forget_task: nothing of a message is left but `seen` and `told`. The caller has taken it out of its list, and fills the user's lane.
local function forget_task(task_id, turn_id, user)
  redis.call('DEL', K.task(task_id), K.lease(task_id), K.started(task_id), K.snapshot(turn_id))
  redis.call('SREM', K.tasks, task_id)
  redis.call('SREM', K.userTasks(user), task_id)
  redis.call('SREM', K.placed(user), task_id)
end
