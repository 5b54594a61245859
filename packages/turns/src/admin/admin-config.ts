import { duration } from '@switchyard/kernel';

/** Settings of who looks after the queue; for the service that has the console. */
export const turnsAdminSettings = {
  oldestWaitLimit: duration('30s').describe(
    'Alarm when the next message of a lane has waited longer than this; `0s`: no alarm.',
  ),
  oldestWaitEvery: duration('5s').describe('How often waiting times are looked at.'),
};
