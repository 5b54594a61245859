import { expect, test } from 'vitest';
import { checkCron } from './check-cron.ts';

test.each([
  ['0 3 * * *', undefined],
  ['*/5 * * * * *', 'UTC'],
  ['0 9 * * MON-FRI', 'Europe/Berlin'],
  ['0 0 29 2 *', undefined],
])('%s %s is kept to', (cron, timezone) => {
  expect(checkCron(cron, timezone)).toBeUndefined();
});

test.each([
  ['every day', undefined],
  ['61 * * * *', undefined],
  ['0 0 31 2 *', undefined],
  ['* * * *  * * * *', undefined],
  ['', undefined],
  ['0 3 * * *', 'Mars/Olympus'],
])('%s %s is refused with a reason', (cron, timezone) => {
  expect(checkCron(cron, timezone)).toMatch(/./u);
});
