import type { AbortReason } from './turn-types.ts';

/** The `reason` of a turn's aborted signal. */
export class TurnAbort extends Error {
  override readonly name = 'TurnAbort';
  readonly reason: AbortReason;

  constructor(reason: AbortReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
