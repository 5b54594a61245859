import { randomBytes } from 'node:crypto';
import { createIds, systemClock } from '@switchyard/kernel';
import { createKeys } from '@switchyard/redis';
import type { Sql } from '@switchyard/store';
import { createMetrics, silentLog } from '@switchyard/telemetry';
import { createJobCarrier, createJobRows, createJobs, createScheduleSync } from '../src/index.ts';
import type { JobsConfig, RunJob, ServedSchedule } from '../src/index.ts';

export interface OpenJobs {
  redisUrl: string;
  scope: { tenant: string; project: string };
  sql: Sql;
  run: RunJob;
  listServed?: () => Promise<ServedSchedule[]>;
  config?: Partial<JobsConfig>;
}

export const TEST_CONFIG: JobsConfig = {
  leaseMs: 3000,
  reconcileMs: 500,
  maxWaiting: 1000,
  keepMs: 3_600_000,
  keepDeadMs: 3_600_000,
  waitAlarmMs: 60_000,
  patience: { jobMs: 3_600_000, tickMs: 60_000 },
};

/** One worker's background jobs on real stores. */
export function openJobs({ redisUrl, scope, sql, run, listServed = async () => [], config = {} }: OpenJobs) {
  const rows = createJobRows(sql, scope);
  const keys = createKeys(scope);
  const carrier = createJobCarrier({
    redisUrl,
    keys,
    log: silentLog,
    slots: { job: 8, schedule: 8, webhook: 8, prediction: 8, procedure: 8 },
  });
  const schedules = createScheduleSync({ carrier, listServed, clock: systemClock, log: silentLog });
  const ids = createIds(systemClock, randomBytes);
  const jobs = createJobs({
    rows,
    carrier,
    schedules,
    run,
    clock: systemClock,
    log: silentLog,
    metrics: createMetrics({ service: 'test' }),
    makeId: () => ids.token(12),
    config: { ...TEST_CONFIG, ...config },
  });
  return { jobs, rows, carrier, schedules };
}
