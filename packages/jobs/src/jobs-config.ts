import { duration, integer } from '@switchyard/kernel';

/** Settings of background work, for the table of a service. */
export const jobsSettings = {
  jobSlots: integer(16, 1, 1000).describe('Jobs that one worker runs at once.'),
  scheduleSlots: integer(16, 1, 1000).describe(
    'Ticks of schedules that one worker runs at once, beside its jobs.',
  ),
  webhookSlots: integer(8, 1, 1000).describe('Webhooks that one worker delivers at once, beside its jobs.'),
  webhookTimeout: duration('30s').describe('How long a receiver of a webhook may take to answer.'),
  webhookAttempts: integer(15, 1, 100).describe(
    'Deliveries of one webhook, with pauses of 1, 2, 4, ... seconds between them, before it is dead; 15 are four and a half hours.',
  ),
  jobTimeout: duration('15m').describe('Time limit of a job or a schedule that names none of its own.'),
  jobLease: duration('15s').describe(
    'A job whose worker has been silent for this long counts as interrupted.',
  ),
  jobReconcile: duration('5s').describe(
    'How often jobs that Redis lost, or whose worker died, are looked for, and schedules are compared with what serves.',
  ),
  jobMaxWaiting: integer(10_000, 1, 1_000_000).describe('Jobs of one bundle that may wait at once.'),
  jobKeep: duration('7d').describe(
    'How long ended jobs are kept; as long an idempotency key means the same job.',
  ),
  jobKeepDead: duration('30d').describe('How long dead jobs wait for an admin.'),
  jobPatience: duration('1d').describe(
    'How long a job waits for its bundle when that takes nothing; it uses up no attempt. After that it is dead.',
  ),
  schedulePatience: duration('5m').describe(
    'The same for a tick of a schedule; after that it has failed, and the next tick is another chance.',
  ),
  jobWaitAlarm: duration('1m').describe(
    'A job that has been due for this long without a start is told in the log.',
  ),
};
