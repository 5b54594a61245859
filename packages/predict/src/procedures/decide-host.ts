/** One host of the pool, as the decision sees it. */
export interface HostFacts {
  readonly key: string;
  /** Started and set up; what still starts may be waited for. */
  readonly isReady: boolean;
  /** Predictions that it may run at once; known when it is ready. */
  readonly capacity: number;
  /** Predictions that it runs, or that wait for its start. */
  readonly users: number;
  /** When it was last given back, in milliseconds of a clock that only grows. */
  readonly usedAtMs: number;
}

export interface HostBounds {
  readonly maxHosts: number;
  readonly reuses: boolean;
  readonly maxOwn?: number;
}

export type HostDecision<T> =
  | { readonly kind: 'use'; readonly host: T }
  /** `evicted`: an idle host that makes room, ended before the new one begins. */
  | { readonly kind: 'start'; readonly evicted: T | undefined }
  | { readonly kind: 'full' };

/**
 * Where a prediction of one source goes: a host of it with room; one that starts just now, so that a cold start is one flight; a new
 * one where there is room; a new one in place of the idle host that was used longest ago. Else nobody can take it.
 *
 * @param reuses false: each prediction has a host of its own
 * @param maxOwn hosts of this source at once
 */
export function decideHost<T extends HostFacts>(
  hosts: readonly T[],
  key: string,
  { maxHosts, reuses, maxOwn = maxHosts }: HostBounds,
): HostDecision<T> {
  const own = reuses ? hosts.filter((host) => host.key === key) : [];
  const free = own.find(({ isReady, users, capacity }) => isReady && users < capacity);
  const host = free ?? own.find(({ isReady }) => !isReady);
  if (host !== undefined) return { kind: 'use', host };
  if (own.length >= maxOwn) return { kind: 'full' };
  if (hosts.length < maxHosts) return { kind: 'start', evicted: undefined };
  const [evicted] = hosts
    .filter(({ users }) => users === 0)
    .toSorted((one, other) => one.usedAtMs - other.usedAtMs);
  return evicted === undefined ? { kind: 'full' } : { kind: 'start', evicted };
}
