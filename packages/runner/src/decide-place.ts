import { POOLS } from './invocation.ts';
import type { PoolName } from './invocation.ts';

export type PoolCounts = Readonly<Record<PoolName, number>>;

export interface PlaceHost {
  /** Invocations at once. */
  readonly capacity: number;
  readonly running: PoolCounts;
}

export interface PlaceSnapshot {
  readonly hosts: readonly PlaceHost[];
  readonly waiting: PoolCounts;
  /** Pools that this version can be asked for; the others need nothing kept free. */
  readonly pools: readonly PoolName[];
  readonly lastServed: PoolName | undefined;
}

/** A quarter of the host is kept for the pools together. */
const KEPT_SHARE = 4;
/** A host that has so many places for each of its pools keeps at least one for each; a smaller one is shared by turns alone. */
const PLACES_TO_KEEP_ONE = 2;

/**
 * Who gets the next place and where: the pools that wait take turns, and a pool may not take what is kept for another one.
 * The host with the fewest invocations first. Undefined: nobody can be served now.
 */
export function decidePlace(snapshot: PlaceSnapshot): { pool: PoolName; host: number } | undefined {
  const from = snapshot.lastServed === undefined ? 0 : POOLS.indexOf(snapshot.lastServed) + 1;
  for (const pool of [...POOLS.slice(from), ...POOLS.slice(0, from)]) {
    if (snapshot.waiting[pool] === 0) continue;
    const host = decideHost(snapshot, pool);
    if (host !== undefined) return { pool, host };
  }
  return undefined;
}

/** Which host takes one more of this pool; undefined when none does. */
export function decideHost(
  { hosts, pools }: Pick<PlaceSnapshot, 'hosts' | 'pools'>,
  pool: PoolName,
): number | undefined {
  let found: number | undefined;
  let fewest = Infinity;
  for (let index = 0; index < hosts.length; index += 1) {
    const host = hosts[index];
    if (host === undefined) continue;
    const running = totalOf(host.running);
    if (running >= fewest || !mayTake(host, pools, pool)) continue;
    found = index;
    fewest = running;
  }
  return found;
}

/** One more of this pool must leave the others what they have not used of their kept places. */
function mayTake(host: PlaceHost, pools: readonly PoolName[], pool: PoolName): boolean {
  const kept = keptForEach(host.capacity, pools.length);
  let owed = 0;
  for (const one of pools) if (one !== pool) owed += Math.max(0, kept - host.running[one]);
  return host.capacity - totalOf(host.running) - 1 >= owed;
}

/** What each pool is sure of, however long those of another one hold theirs: a request that streams may do so without end. */
export function keptForEach(capacity: number, pools: number): number {
  const shared = Math.floor(capacity / (KEPT_SHARE * Math.max(1, pools)));
  return Math.max(shared, capacity >= PLACES_TO_KEEP_ONE * pools ? 1 : 0);
}

export function totalOf(counts: PoolCounts): number {
  let total = 0;
  for (const pool of POOLS) total += counts[pool];
  return total;
}
