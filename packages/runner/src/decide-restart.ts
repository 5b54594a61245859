export interface RestartLimits {
  readonly crashWindowMs: number;
  readonly maxCrashes: number;
  readonly breakerOpenMs: number;
}

export type RestartDecision =
  | { readonly kind: 'start' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'refuse'; readonly retryAfterMs: number };

/** 0, 100, 200, 400, 800, 1600 ms ... after the last crash: the first restart is free, a loop is slowed down. */
const BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5000;

/** May a version that crashed at these times (monotonic, ascending) be started at `now`? */
export function decideRestart(
  crashes: readonly number[],
  now: number,
  limits: RestartLimits,
): RestartDecision {
  const recent = crashes.filter((at) => now - at < limits.crashWindowMs);
  const last = recent.at(-1);
  if (last === undefined) return { kind: 'start' };
  const sinceLast = now - last;
  if (recent.length >= limits.maxCrashes && sinceLast < limits.breakerOpenMs) {
    return { kind: 'refuse', retryAfterMs: limits.breakerOpenMs - sinceLast };
  }
  const backoffMs = recent.length === 1 ? 0 : Math.min(MAX_BACKOFF_MS, BACKOFF_MS * 2 ** (recent.length - 2));
  return sinceLast >= backoffMs ? { kind: 'start' } : { kind: 'wait', ms: backoffMs - sinceLast };
}
