const TURN = 'turn_';
const TASK = 'task_';

/**
 * A message's task is called as its turn is, with another first word: so a task that is over, of which Redis knows nothing any more, is
 * found by the primary key of its turn. An index by task id would cost every message two more writes.
 */
export function taskIdOfTurn(turnId: string): string {
  return turnId.startsWith(TURN) ? TASK + turnId.slice(TURN.length) : `${TASK}${turnId}`;
}

/** Undefined: not the name of a task. */
export function turnIdOfTask(taskId: string): string | undefined {
  return taskId.startsWith(TASK) ? TURN + taskId.slice(TASK.length) : undefined;
}
