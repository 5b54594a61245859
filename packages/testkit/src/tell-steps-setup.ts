import { afterEach } from 'vitest';
import { takeSteps } from './recent-steps.ts';

/** For suites that drive a browser: a test that failed says what it did last; a run on another machine is known by that alone. */
afterEach(({ task }) => {
  const steps = takeSteps();
  const errors = task.result?.errors ?? [];
  const [error] = errors;
  if (error === undefined || steps.length === 0) return;
  const told = `\n  last steps, until ${new Date().toISOString().slice(11, 23)}:\n    ${steps.join('\n    ')}`;
  error.message += told;
  if (error.stack !== undefined) error.stack += told;
});
