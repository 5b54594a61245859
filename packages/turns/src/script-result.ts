import { PlatformError } from '@switchyard/kernel';

/** What the scripts of this room answer, as their headers say. Zero and above: done, or nothing to do. */
export const ScriptResult = {
  Ok: 0,
  /** The same was done before. */
  Repeated: 1,
  /** The message is known though its ack is forgotten. */
  Known: 2,
  Waiting: 3,
  /** The data belongs to another Redis: nothing was done. */
  Epoch: -1,
  /** Somebody else holds the lease, or nobody. */
  LeaseLost: -2,
  Missing: -3,
  /** The task exists: whoever holds it does this. */
  Owned: -4,
  Cancelled: -5,
  Started: -6,
  OverThreshold: -10,
  NoWorkers: -11,
  UserQueueFull: -12,
  MailboxFull: -13,
  NoActiveTurn: -14,
  TargetMismatch: -15,
  /** Another attempt of the same message was refused and takes the row away: these ids are used up. */
  Refused: -16,
} as const;
export type ScriptCode = (typeof ScriptResult)[keyof typeof ScriptResult];

/** The one place where a refusal becomes an error with a name. */
export function toTurnError(code: number, what: string): PlatformError {
  switch (code) {
    case ScriptResult.Epoch:
      return PlatformError.of('UNAVAILABLE', 'The queue is being rebuilt.', { retryAfterSec: 5 });
    case ScriptResult.LeaseLost:
    case ScriptResult.Owned:
      return PlatformError.of('TURN_INTERRUPTED', 'The turn is held by another worker.');
    case ScriptResult.Cancelled:
      return PlatformError.of('CANCELLED');
    default:
      return PlatformError.of('INTERNAL', `${what} answered ${code}`);
  }
}

export function isCode(value: unknown): value is ScriptCode {
  return Object.values(ScriptResult).some((code) => code === value);
}
