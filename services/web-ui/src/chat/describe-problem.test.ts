import { expect, test } from 'vitest';
import { describeProblem } from './describe-problem.ts';

test.each([
  ['interrupted', 'turn_interrupted', 'The server restarted while answering'],
  ['cancelled', 'cancelled', 'You stopped this answer'],
  ['failed', 'bundle_error', 'Something went wrong inside the assistant'],
  ['failed', 'never_heard_of', 'The answer ended with an error'],
  ['failed', 'unknown', 'The answer ended with an error'],
  ['unsent', 'network_error', 'Not sent: the server cannot be reached'],
  ['unsent', 'rate_limit.messages', 'Too many messages for now'],
  ['unsent', 'queue.enqueue_rejected', 'All workers are busy'],
] as const)('%s %s', (status, errorType, title) => {
  expect(describeProblem({ status, error: { errorType, message: 'words' } }).title).toBe(title);
});

test('a refusal that is not known is told in the server’s words', () => {
  expect(
    describeProblem({ status: 'unsent', error: { errorType: 'invalid', message: 'message: too long' } }),
  ).toEqual({
    title: 'Not sent',
    hint: 'message: too long',
  });
});

test('a time to wait is said', () => {
  const { hint } = describeProblem({
    status: 'unsent',
    error: { errorType: 'rate_limit.messages', message: '', retryAfter: 19.2 },
  });
  expect(hint).toContain('20 s');
});
