/** What a run allows beyond the promises. */
export interface CheckOptions {
  /** Turns of bundles that declare `retryIfSilent`: these may begin again. None unless said. */
  readonly mayRunAgain?: (turn: string) => boolean;
  /**
   * Whether Redis lost events between two epochs: then it may have forgotten whom it told, and a turn that ended shortly before is told
   * again, behind a `resync`, as the same. Within an epoch, and where nothing was lost, never. Nor is it
   * known then whether an end that nobody saw was told: `newer` is infinite where it is asked for all the time since.
   */
  readonly forgotBetween?: (older: number, newer: number) => boolean;
}
