import type { Clock } from '@switchyard/kernel';
import { PlatformError } from '@switchyard/kernel';
import type { JobRows } from './job-rows.ts';

export type RunningJobs = ReturnType<typeof createRunningJobs>;

/** Of a lease, what a worker uses before it ends its own runs: others begin only after the rest. */
const OWN_SHARE = 0.8;

/** The runs of this worker under their leases: one statement renews all, and what is lost is aborted. */
export function createRunningJobs(
  rows: Pick<JobRows, 'renew'>,
  clock: Pick<Clock, 'monotonic'>,
  leaseMs: number,
) {
  const held = new Map<string, { abort: AbortController; since: number }>();
  const lose = (fence: string, why: string): void =>
    held.get(fence)?.abort.abort(PlatformError.of('CANCELLED', why));
  return {
    /** @param since monotonic time before the lease was taken */
    add(fence: string, since: number): AbortSignal {
      const abort = new AbortController();
      held.set(fence, { abort, since });
      return abort.signal;
    },
    remove: (fence: string): void => void held.delete(fence),
    count: (): number => held.size,
    async renew(): Promise<void> {
      const before = clock.monotonic();
      const fences = [...held.keys()];
      if (fences.length === 0) return;
      const kept = new Set(await rows.renew(fences, leaseMs));
      for (const fence of fences) {
        const run = held.get(fence);
        if (kept.has(fence) && run !== undefined) run.since = before;
        else lose(fence, 'The lease of the job is lost.');
      }
    },
    /** Postgres has not answered for so long that another worker may begin soon. */
    abortOverdue(): void {
      const now = clock.monotonic();
      for (const [fence, { since }] of held)
        if (now - since > leaseMs * OWN_SHARE) lose(fence, 'The lease of the job could not be renewed.');
    },
    abortAll(): void {
      for (const fence of held.keys()) lose(fence, 'The worker stops.');
    },
  };
}
