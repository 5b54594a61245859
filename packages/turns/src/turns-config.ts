import { z } from 'zod';
import { decimal, duration, integer } from '@switchyard/kernel';

/** Ingress holds what is over them; a worker that queues a message again needs them too. */
const runningLimits = {
  userRunningAnonymous: integer(2, 1).describe(
    'Turns of one anonymous user that run or are next; more wait without holding up others.',
  ),
  userRunningRegistered: integer(8, 1).describe('The same for a registered user.'),
  userRunningPaid: integer(16, 1).describe('The same for a paid user.'),
  userRunningPrivileged: integer(32, 1).describe('The same for a privileged user.'),
};

/** Settings of the queue (02). Both sides read the same names; spread `.shape` into a service's schema. */
export const turnsConfigSchema = z.object({
  queueFactor: decimal(3, 0, 100).describe('Messages that may wait for each slot.'),
  thresholdAnonymous: decimal(0.6, 0, 1).describe(
    'Share of the capacity up to which anonymous messages are accepted.',
  ),
  thresholdRegistered: decimal(0.85, 0, 1).describe('The same for registered users.'),
  thresholdPaid: decimal(0.9, 0, 1).describe('The same for paid users.'),
  thresholdPrivileged: decimal(0.98, 0, 1).describe('The same for privileged users.'),
  userQueueAnonymous: integer(3, 1).describe('Queued and running messages of one anonymous user.'),
  userQueueRegistered: integer(20, 1).describe('The same for a registered user.'),
  userQueuePaid: integer(40, 1).describe('The same for a paid user.'),
  userQueuePrivileged: integer(100, 1).describe('The same for a privileged user.'),
  ...runningLimits,
  mailboxSize: integer(50, 1, 1000).describe(
    'Messages that may wait behind a running turn of one conversation.',
  ),
  storeWait: duration('3s').describe(
    'How long a submit waits for Redis or for the rebuild before it is refused.',
  ),
});
export type TurnsConfig = z.output<typeof turnsConfigSchema>;

/** Settings of a worker (02). */
export const workerConfigSchema = z.object({
  slots: integer(16, 1, 1000).describe('Turns that one worker runs at once.'),
  lease: duration('5s').describe('How long a claim holds without renewal.'),
  leaseRenew: duration('1s').describe('How often claims are renewed.'),
  reapEvery: duration('1s').describe(
    'How often claims without a lease are looked for; at least three times in a lease.',
  ),
  reconcileEvery: duration('5s').describe('How often rows and tasks are compared.'),
  reconcileAfter: duration('30s').describe('Age from which a row without a task counts as forgotten.'),
  pollSilence: duration('15s').describe(
    'Without an answer of its lanes for this long a worker is not ready; after a third of it a connection is made anew.',
  ),
  blockedPop: duration('1s').describe('Longest wait of one blocked pop.'),
  heartbeatEvery: duration('2s').describe(
    'How often a worker says that it is alive; three missed beats and it is not.',
  ),
  maxAttempts: integer(3, 1, 100).describe('Claims after which a message that never started is given up.'),
  turnIdle: duration('10m').describe('Longest silence of a running turn.'),
  turnWall: duration('40m').describe('Longest life of a running turn.'),
  abortGrace: duration('5s').describe('What an aborted turn has to clean up.'),
  drainLimit: duration('120s').describe('How long running turns may go on after SIGTERM.'),
  laneWeights: z
    .string()
    .default('8,4,2,1')
    .transform((text) => text.split(',').map(Number))
    .refine(
      (weights) => weights.length === 4 && weights.every((weight) => Number.isInteger(weight) && weight > 0),
      {
        message: 'expected four whole numbers above zero, for privileged, paid, registered, anonymous',
      },
    )
    .describe('Turns that each lane gets in one round: privileged, paid, registered, anonymous.'),
  ...runningLimits,
});
export type WorkerConfig = z.output<typeof workerConfigSchema>;
