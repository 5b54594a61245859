import { PlatformError } from '@switchyard/kernel';
import type { UserType } from '@switchyard/protocol';
import { ScriptResult } from './script-result.ts';
import type { TurnsConfig } from './turns-config.ts';

/** Of the settings: those that decide whether a message is accepted. They may change while a process runs. */
export type CapacityLimits = Pick<
  TurnsConfig,
  | 'thresholdAnonymous'
  | 'thresholdRegistered'
  | 'thresholdPaid'
  | 'thresholdPrivileged'
  | 'userQueueAnonymous'
  | 'userQueueRegistered'
  | 'userQueuePaid'
  | 'userQueuePrivileged'
>;

export function thresholdOf(config: CapacityLimits, userType: UserType): number {
  const thresholds: Record<UserType, number> = {
    anonymous: config.thresholdAnonymous,
    registered: config.thresholdRegistered,
    paid: config.thresholdPaid,
    privileged: config.thresholdPrivileged,
  };
  return thresholds[userType];
}

export function userLimitOf(config: CapacityLimits, userType: UserType): number {
  const limits: Record<UserType, number> = {
    anonymous: config.userQueueAnonymous,
    registered: config.userQueueRegistered,
    paid: config.userQueuePaid,
    privileged: config.userQueuePrivileged,
  };
  return limits[userType];
}

/** Turns of one user that run or are next (02, Admission numbers). */
export type RunningLimits = Pick<
  TurnsConfig,
  'userRunningAnonymous' | 'userRunningRegistered' | 'userRunningPaid' | 'userRunningPrivileged'
>;

export function runningLimitOf(config: RunningLimits, userType: UserType): number {
  const limits: Record<UserType, number> = {
    anonymous: config.userRunningAnonymous,
    registered: config.userRunningRegistered,
    paid: config.userRunningPaid,
    privileged: config.userRunningPrivileged,
  };
  return limits[userType];
}

/** Seconds (02, Admission numbers): who pays more waits longer, since its lane is served first anyway. */
const RETRY_AFTER_SEC: Record<UserType, number> = { anonymous: 30, registered: 45, paid: 60, privileged: 60 };

/** The error of a refused message. `load` and `capacity` are those that the script saw. */
export function toRefusal(code: number, userType: UserType, load: number, capacity: number): PlatformError {
  const stats = { queue_stats: { load, capacity } };
  switch (code) {
    case ScriptResult.NoWorkers:
      return PlatformError.of('ENQUEUE_REJECTED', 'No processor is running right now.', {
        details: { reason: 'no_healthy_processes', ...stats },
        retryAfterSec: RETRY_AFTER_SEC[userType],
      });
    case ScriptResult.UserQueueFull:
      return PlatformError.of('RATE_LIMITED', 'Too many of your messages are waiting.', {
        errorType: 'rate_limit.user_queue_full',
        details: { reason: 'user_queue_full' },
        retryAfterSec: 5,
      });
    case ScriptResult.MailboxFull:
      return PlatformError.of('RATE_LIMITED', 'Too many messages are waiting in this conversation.', {
        errorType: 'rate_limit.mailbox_full',
        details: { reason: 'mailbox_full' },
        retryAfterSec: 5,
      });
    default:
      return PlatformError.of('ENQUEUE_REJECTED', undefined, {
        details: { reason: `${userType}_threshold_exceeded`, ...stats },
        retryAfterSec: RETRY_AFTER_SEC[userType],
      });
  }
}
