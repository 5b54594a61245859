import { expect, test } from 'vitest';
import { taskIdOfTurn, turnIdOfTask } from './task-id.ts';

test('a turn is found by the name of its task', () => {
  const turnId = 'turn_2026-01-05-10-00-00-123-4f2a1c9e';
  expect(taskIdOfTurn(turnId)).toBe('task_2026-01-05-10-00-00-123-4f2a1c9e');
  expect(turnIdOfTask(taskIdOfTurn(turnId))).toBe(turnId);
});

test('what is no task id names no turn', () => {
  expect(turnIdOfTask('turn_2026')).toBeUndefined();
});
