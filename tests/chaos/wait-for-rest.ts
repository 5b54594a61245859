import type { StoreView } from '../history/store-view.ts';
import { PROCS } from './members.ts';
import type { Arena } from './arena.ts';
import { pause } from './faults/fault.ts';
import { findOrphanHosts } from './find-hosts.ts';
import { readStores } from './read-stores.ts';

export interface Rest {
  /** From the last end of a turn until nothing was left over; undefined: there still is something. */
  readonly idleAfterMs: number | undefined;
  /** How long the turns that were there when the faults stopped took to end. */
  readonly drainedAfterMs: number;
  readonly stores: StoreView;
}

/**
 * How long it may take that one more turn ends: the longest turn (TURN_WALL, then ABORT_GRACE), a lease and its suspicion, a row that the
 * reconciler looks at only then, a host that is given up, and as much again for a machine that is busy with other things.
 */
const STALL_MS = 120_000;
const REST_LIMIT_MS = 60_000;
const LOOK_MS = 250;
const DRAINING_HOST_MS = 75_000;

const countOpen = async ({ store }: Arena): Promise<number> => {
  const [row] = await store.sql.query<{ count: number }>({
    text: "select count(*)::int as count from turn where status in ('queued', 'running')",
  });
  return row?.count ?? 0;
};

const isBusy = ({ conversations, workKeys }: StoreView): boolean =>
  workKeys.length > 0 || Object.values(conversations).some(({ turn }) => turn !== '');

/** Waits until every row has ended; gives up when for long none has. */
const waitForEnds = async (arena: Arena): Promise<void> => {
  let open = await countOpen(arena);
  let movedAt = performance.now();
  while (open > 0 && performance.now() - movedAt < STALL_MS) {
    await pause(LOOK_MS);
    const now = await countOpen(arena);
    if (now !== open) movedAt = performance.now();
    open = now;
  }
};

/** Hosts of procs that are dead must be dead too. */
const waitForHosts = async (arena: Arena, folder: string): Promise<number[]> => {
  const until = performance.now() + DRAINING_HOST_MS;
  for (;;) {
    const pids = PROCS.flatMap((name) => arena.fleet.member(name).current()?.identity.pid ?? []);
    const orphans = findOrphanHosts(folder, pids);
    if (orphans.length === 0 || performance.now() > until) return orphans;
    await pause(LOOK_MS);
  }
};

/** Faults are over and clients are silent: waits until all is done and nothing is left of it. */
export const waitForRest = async (arena: Arena): Promise<Rest> => {
  const began = performance.now();
  await waitForEnds(arena);
  const endedAt = performance.now();
  let stores = await readStores(arena);
  while (isBusy(stores) && performance.now() - endedAt < REST_LIMIT_MS) {
    await pause(LOOK_MS);
    stores = await readStores(arena);
  }
  const idleAfterMs = isBusy(stores) ? undefined : performance.now() - endedAt;
  const orphans = await waitForHosts(arena, arena.bundleStore);
  if (orphans.length > 0) throw new Error(`bundle hosts without a proc: ${orphans.join(', ')}`);
  return { idleAfterMs, drainedAfterMs: endedAt - began, stores };
};
