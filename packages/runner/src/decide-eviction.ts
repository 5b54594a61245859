/** What the decision needs of a host. */
export interface EvictableHost {
  readonly isIdle: boolean;
  readonly idleForMs: number;
}

/**
 * Which hosts to close: every idle one past `idleTtlMs`; beyond those, the longest idle ones until `wanted` places are free
 * under `maxHosts`. Busy hosts are never named, so there may be fewer than wanted. Longest idle first.
 */
export function decideEviction<H extends EvictableHost>(
  hosts: readonly H[],
  limits: { maxHosts: number; idleTtlMs: number; wanted: number },
): H[] {
  const idle = hosts.filter((host) => host.isIdle).toSorted((a, b) => b.idleForMs - a.idleForMs);
  const excess = hosts.length + limits.wanted - limits.maxHosts;
  return idle.filter((host, position) => position < excess || host.idleForMs > limits.idleTtlMs);
}
