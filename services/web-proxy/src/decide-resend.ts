/** How the sending of a request to one address ended without an answer. */
export interface FailedSend {
  readonly method: string;
  readonly hasBody: boolean;
  readonly isStream: boolean;
  /** Whether there was a connection; without one no byte went out. */
  readonly isConnected: boolean;
  /** The connection had been kept from an earlier request and was reset, as happens when the service closes it in that moment. */
  readonly isStale: boolean;
  readonly isTimedOut: boolean;
  /** It was sent again once already after bytes had gone out. */
  readonly isSecond: boolean;
}

/** `elsewhere`: to an address that was not tried; `again`: to any; `no`: the client is told. */
export type Resend = 'elsewhere' | 'again' | 'no';

const CHANGES_NOTHING = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Whether a request may go out once more. Who was not reached has not seen it, whatever it is. Of one that went out nobody knows what became
 * of it: only what changes nothing goes again, once, and neither what was waited for in vain nor a stream.
 */
export const decideResend = (failed: FailedSend): Resend => {
  if (!failed.isConnected) return 'elsewhere';
  if (failed.isTimedOut || failed.isSecond || failed.hasBody || !CHANGES_NOTHING.has(failed.method))
    return 'no';
  if (failed.isStale) return 'again';
  return failed.isStream ? 'no' : 'elsewhere';
};
