import type { ServedSchedule } from '@switchyard/jobs';
import type { Bundles } from '@switchyard/store';

/** Starts of one tick when its workers keep dying, for `retry: true`. */
const RETRIED_STARTS = 3;

/** The schedules of all versions that serve. From the rows, so that every worker sees the same. */
export async function listServedSchedules(bundles: Pick<Bundles, 'list'>): Promise<ServedSchedule[]> {
  const rows = await bundles.list();
  return rows.flatMap(({ bundle_id: bundleId, version }) =>
    Object.entries(version?.manifest?.schedules ?? {}).map(([name, { cron, timezone, retry }]) => ({
      bundleId,
      name,
      cron,
      timezone: timezone ?? null,
      maxAttempts: retry === true ? RETRIED_STARTS : 1,
    })),
  );
}
