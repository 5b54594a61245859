import type { Clock } from '@switchyard/kernel';
import type { Log } from '@switchyard/telemetry';
import { DEFAULT_TIMEZONE } from './job-carrier.ts';
import type { JobCarrier, TickData } from './job-carrier.ts';

/** A schedule of the version that serves. */
export interface ServedSchedule extends TickData {
  /** Starts of one tick at most; more than one only for `retry: true`. */
  readonly maxAttempts: number;
}

export interface ScheduleSyncParts {
  readonly carrier: Pick<JobCarrier, 'queue' | 'setSchedule'>;
  /** From the rows of the registry, so that all workers see alike. */
  readonly listServed: () => Promise<readonly ServedSchedule[]>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

export type ScheduleSync = ReturnType<typeof createScheduleSync>;

const LISTED = 10_000;
/** A scheduler whose next tick is this late and has no job in Redis has lost its chain: a worker died between the two. */
const BROKEN_AFTER_MS = 5_000;

/** No `:`, which BullMQ keeps for itself; no two schedules share one. */
export function scheduleId({ bundleId, name }: Pick<TickData, 'bundleId' | 'name'>): string {
  return `${bundleId}/${encodeURIComponent(name)}`;
}

/** Keeps BullMQ's job schedulers as the versions that serve declare them. Repeating it on what is as it should be writes nothing. */
export function createScheduleSync({ carrier, listServed, clock, log }: ScheduleSyncParts) {
  const { queue } = carrier;
  const isBroken = async (id: string, next: number | undefined): Promise<boolean> => {
    if (next === undefined) return true;
    if (clock.now() - next < BROKEN_AFTER_MS) return false;
    // A tick that is only late, since nobody ran, stays: it is run once. `:` is how BullMQ names it.
    return (await queue.getJob(`repeat:${id}:${next}`)) === undefined;
  };
  const sync = async (): Promise<void> => {
    const wanted = new Map((await listServed()).map((one) => [scheduleId(one), one]));
    const there = await queue.getJobSchedulers(0, LISTED, true);
    for (const { key } of there) if (!wanted.has(key)) await queue.removeJobScheduler(key);
    const byId = new Map(there.map((one) => [one.key, one]));
    for (const [id, { maxAttempts: _own, ...data }] of wanted) {
      const found = byId.get(id);
      const isSame = found?.pattern === data.cron && found.tz === (data.timezone ?? DEFAULT_TIMEZONE);
      if (isSame && !(await isBroken(id, found.next))) continue;
      // A bad cron is its own bundle's failure, never that of the others.
      await carrier.setSchedule(id, data).catch((error: unknown) => {
        log.warn('schedule could not be set', { bundle_id: data.bundleId, name: data.name, error });
      });
    }
  };
  return {
    sync,
    /** Milliseconds of the next tick by the schedule's name. */
    async nextTicks(bundleId: string): Promise<Map<string, number>> {
      const there = await queue.getJobSchedulers(0, LISTED, true);
      const own = there.filter(({ key }) => key.startsWith(`${bundleId}/`));
      return new Map(
        own.map(({ key, next }) => [decodeURIComponent(key.slice(bundleId.length + 1)), next ?? 0]),
      );
    },
    /** Undefined: the version that serves now declares it no more, or otherwise; then this tick is nobody's. */
    async stillServes(data: TickData): Promise<ServedSchedule | undefined> {
      const served = await listServed();
      return served.find(
        (one) =>
          one.bundleId === data.bundleId &&
          one.name === data.name &&
          one.cron === data.cron &&
          one.timezone === data.timezone,
      );
    },
  };
}
