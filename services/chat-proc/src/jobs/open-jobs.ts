import { createJobCarrier, createJobRows, createJobs, createScheduleSync } from '@switchyard/jobs';
import type { BackgroundJobs, JobOutcome, JobRow, JobRows, ScheduleSync, Webhooks } from '@switchyard/jobs';
import type { Capability, DeliverWebhook, SecretReader } from '@switchyard/capabilities';
import { Deadline } from '@switchyard/kernel';
import type { Scope } from '@switchyard/kernel';
import type { ProcConfig } from '../env.ts';
import type { BundleInvoker } from '../invocations/invoke-bundle.ts';
import type { Base } from '../open-base.ts';
import { createJobsCapability } from './jobs-capability.ts';
import { openWebhooks } from './open-webhooks.ts';
import { runBundleJob } from './run-bundle-job.ts';
import { createServeJobs } from './serve-jobs.ts';
import { listServedSchedules } from './served-schedules.ts';

/** One start of an asynchronous prediction. */
export type RunPredictionJob = (row: JobRow, signal: AbortSignal) => Promise<JobOutcome>;

export interface BundleJobs {
  readonly jobs: BackgroundJobs;
  readonly rows: JobRows;
  readonly schedules: ScheduleSync;
  readonly capability: Capability;
  /** Keeps a webhook of a bundle until it is delivered. */
  readonly deliver: DeliverWebhook;
  /** The same for one of no bundle's: where it leads is a client's word, and the operator's to allow. */
  readonly enqueueWebhook: Webhooks['enqueue'];
  /** Runs jobs from now on. Apart from the opening, since bundles are invoked with the capability above, and by jobs with all of them. */
  start(invoker: BundleInvoker, runPrediction?: RunPredictionJob): Promise<void>;
}

const CLOSE_MS = 5_000;

/** The background work of bundles; closed with `scope`. */
export function openJobs(
  scope: Scope,
  base: Base,
  config: ProcConfig,
  secrets: Pick<SecretReader, 'read'>,
): BundleJobs {
  const { sql, keys, log, clock, bundles, ids, metrics } = base;
  let invoker: BundleInvoker | undefined;
  let runPrediction: RunPredictionJob | undefined;
  const rows = createJobRows(sql, base.scope);
  const slots = {
    job: config.jobSlots,
    schedule: config.scheduleSlots,
    webhook: config.webhookSlots,
    prediction: config.predictionSlots,
    procedure: config.procedureSlots,
  };
  const carrier = createJobCarrier({ redisUrl: config.redisUrl, keys, log, slots });
  const listServed = () => listServedSchedules(bundles);
  const schedules = createScheduleSync({ carrier, listServed, clock, log });
  const jobs = createJobs({
    rows,
    carrier,
    schedules,
    clock,
    log,
    metrics,
    makeId: () => `j-${ids.token(12)}`,
    async run(row, signal) {
      if (row.kind === 'prediction' || row.kind === 'procedure')
        return (
          runPrediction?.(row, signal) ?? { kind: 'unavailable', error: 'Predictions are not served here.' }
        );
      if (invoker === undefined) throw new Error('jobs run before they were started');
      const { jobTimeout: timeoutMs } = config;
      return runBundleJob({ invoker, bundles, deliver: webhooks.run, timeoutMs }, row, signal);
    },
    config: {
      leaseMs: config.jobLease,
      reconcileMs: config.jobReconcile,
      maxWaiting: config.jobMaxWaiting,
      keepMs: config.jobKeep,
      keepDeadMs: config.jobKeepDead,
      waitAlarmMs: config.jobWaitAlarm,
      patience: { jobMs: config.jobPatience, tickMs: config.schedulePatience },
    },
  });
  const webhooks = openWebhooks(base, config, { jobs, secrets });
  scope.defer(() => jobs.stop(Deadline.in(CLOSE_MS)));
  return {
    deliver: webhooks.deliver,
    enqueueWebhook: webhooks.enqueue,
    jobs,
    rows,
    schedules,
    capability: createJobsCapability({ jobs, bundles }),
    async start(given, givenRun) {
      invoker = given;
      runPrediction = givenRun;
      await jobs.start();
      const addServeJobs = createServeJobs({ jobs, bundles, log });
      const addAgain = (): Promise<void> =>
        addServeJobs().catch((error: unknown) =>
          log.warn('served versions could not be looked through', { error }),
        );
      const leave = await base.subscriber.subscribe(keys.registryChanges(), () => {
        void jobs.syncSchedules();
        void addAgain();
      });
      scope.defer(leave);
      await addAgain();
    },
  };
}
