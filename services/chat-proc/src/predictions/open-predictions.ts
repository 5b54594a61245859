import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readMasterKeys } from '@switchyard/identity';
import type { JobOutcome, JobRow } from '@switchyard/jobs';
import { Deadline } from '@switchyard/kernel';
import type { Scope } from '@switchyard/kernel';
import { isoTime } from '@switchyard/predict';
import { createPredictionRows } from '@switchyard/store';
import type { PredictionRows } from '@switchyard/store';
import type { Runner } from '@switchyard/runner';
import type { ProcConfig } from '../env.ts';
import type { BundleInvoker } from '../invocations/invoke-bundle.ts';
import type { BundleJobs } from '../jobs/open-jobs.ts';
import type { Base } from '../open-base.ts';
import { openProcedures } from '../procedures/open-procedures.ts';
import type { Procedures } from '../procedures/open-procedures.ts';
import { createAllowedOutbound } from './allowed-outbound.ts';
import { createHandOn } from './hand-on.ts';
import type { PythonHosts } from './open-python-bundles.ts';
import type { PredictionParts } from './prediction-parts.ts';
import { reconcilePredictions } from './reconcile-predictions.ts';
import { openRequestResealer } from './open-request-resealer.ts';
import { createRequestSeal } from './request-seal.ts';
import { RecordedPredictions } from './recorded-predictions.ts';

export interface OpenedPredictions {
  readonly predictions: RecordedPredictions;
  readonly rows: PredictionRows;
  readonly procedures: Procedures | undefined;
  /** For the start of `jobs`. */
  runJob(row: JobRow, signal: AbortSignal): Promise<JobOutcome>;
}

const CLOSE_MS = 5_000;

/** Predictions of bundles and procedures with all that they need; what was lost is looked for as long as `scope` is open. */
export async function openPredictions(
  scope: Scope,
  base: Base,
  config: ProcConfig,
  {
    invoker,
    work,
    python,
    runner,
  }: {
    readonly invoker: BundleInvoker;
    readonly work: BundleJobs;
    readonly python: PythonHosts;
    readonly runner: Runner;
  },
): Promise<OpenedPredictions> {
  const { sql, clock, ids, log } = base;
  const rows = createPredictionRows(sql, base.scope);
  const outbound = await scope.use(createAllowedOutbound(config), (opened) => opened.close());
  const procedures = openProcedures(base, config, { runner, python: python.procedures, outbound });
  const folder = await scope.use(mkdtemp(path.join(tmpdir(), 'switchyard-predictions-')), (dir) =>
    rm(dir, { recursive: true, force: true }),
  );
  // Wall time that does not jump within a prediction, with the fraction that microseconds need.
  const startedAt = clock.now() - clock.monotonic();
  const now = () => startedAt + clock.monotonic();
  const closing = new AbortController();
  scope.defer(() => closing.abort());
  const parts: PredictionParts = {
    closing: closing.signal,
    rows,
    invoker,
    python: python.bundles,
    procedures,
    outbound,
    seal: createRequestSeal({ masterKeys: readMasterKeys(config), scope: base.scope, randomBytes }),
    config,
    folder,
    clock,
    log,
    now,
    makeFence: () => ids.token(12),
    randomBytes,
    ...createHandOn({ rows, work, config, clock, log, randomBytes }),
  };
  const predictions = new RecordedPredictions(parts);
  scope.defer(() => predictions.stop(Deadline.in(CLOSE_MS, clock)));
  const reconcile = (): void => {
    reconcilePredictions(parts, isoTime(now())).catch((error: unknown) =>
      log.warn('predictions could not be looked through', { error }),
    );
  };
  const timer = setInterval(reconcile, config.jobReconcile);
  scope.defer(() => clearInterval(timer));
  await openRequestResealer(scope, base, config);
  return { predictions, rows, procedures, runJob: (row, signal) => predictions.runJob(row, signal) };
}
