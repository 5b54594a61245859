/** How an attempt ended, as far as the wait before the next one depends on it. */
export interface RetrySituation {
  /** Attempts that failed in a row before this wait, from 0. */
  failures: number;
  /** The server said goodbye (`server_shutdown`, `lagged`): it wants us back, another one is there. */
  farewell?: boolean;
  /** From `Retry-After`. A promise of the server is kept: never earlier. */
  retryAfterMs?: number | undefined;
  /** From the stream's `retry:` field. */
  baseMs?: number | undefined;
}

const DEFAULT_BASE_MS = 1_000;
const CEILING_MS = 15_000;

/**
 * Full jitter over a doubling window: 0-1 s, 0-2 s, 0-4 s, 0-8 s, then 0-15 s. The spread keeps a thousand pages whose
 * ingress went away from coming back in the same instant; a farewell was spread by the server already.
 */
export function decideRetryDelay(situation: RetrySituation, random: () => number): number {
  const { failures, farewell = false, retryAfterMs, baseMs = DEFAULT_BASE_MS } = situation;
  if (retryAfterMs !== undefined) return retryAfterMs + Math.floor(random() * DEFAULT_BASE_MS);
  if (farewell && failures === 0) return 0;
  const windowMs = Math.min(CEILING_MS, baseMs * 2 ** Math.min(failures, 10));
  return Math.floor(random() * windowMs);
}
