/** What a run allows beyond the promises. */
export interface CheckOptions {
  /** Turns of bundles that declare `retryIfSilent`: these may begin again. None unless said. */
  readonly mayRunAgain?: (turn: string) => boolean;
}
