import { resolve } from 'node:path';
import type { Capabilities } from '@switchyard/capabilities';
import { Deadline, armFailpoints, openScoped } from '@switchyard/kernel';
import type { Scope } from '@switchyard/kernel';
import type { Registry } from '@switchyard/registry';
import type { Runner } from '@switchyard/runner';
import {
  createBlobStore,
  createConversations,
  createFiles,
  createTurnHistory,
  createUsageLog,
} from '@switchyard/store';
import { createStoreUsage } from './usage/store-usage.ts';
import { createWorker } from '@switchyard/turns';
import { buildCapabilities } from './build-capabilities.ts';
import { createSecretMasks } from '@switchyard/capabilities';
import { openSecrets } from './secrets/open-secrets.ts';
import type { ProcConfig } from './env.ts';
import { openJobs } from './jobs/open-jobs.ts';
import { reportHealth } from './report-health.ts';
import { protectTurns } from './scale-in/protect-turns.ts';
import { buildInvoker } from './invocations/build-invoker.ts';
import { PROC_VERSION, serveEndpoints } from './serve-endpoints.ts';
import { openCallsBetweenBundles } from './operations/call-between-bundles.ts';
import { openBundles } from './open-bundles.ts';
import { openPredictions } from './predictions/open-predictions.ts';
import { openWeb } from './web/open-web.ts';
import { createTurnExecutor } from './turn-executor.ts';
import { openBase } from './open-base.ts';
import type { Base } from './open-base.ts';

/** A running worker. */
export interface Proc {
  readonly port: number;
  /** No new turns; running ones end, at the deadline they are interrupted; then hosts and connections close. */
  stop(deadline: Deadline): Promise<void>;
}

/** What requests under way, and the parts of a start that failed half way, are given to end. */
const CLOSE_MS = 5_000;

/** Opens everything in order; what was open when something fails is closed again. */
export async function startProc(config: ProcConfig): Promise<Proc> {
  const { value: proc, scope } = await openScoped((opening) => open(opening, config));
  return {
    port: proc.port,
    async stop(deadline) {
      try {
        await proc.quiet(deadline);
      } finally {
        await scope.close();
      }
    },
  };
}

async function open(scope: Scope, config: ProcConfig) {
  armFailpoints(config.failpoints, config.nodeEnv);
  const base = await openBase(scope, config);
  const { log, redis, store } = base;
  const masks = createSecretMasks();
  const secrets = await openSecrets(base, config);
  const bundles = await openBundles(scope, base, config, masks);
  const { runner, python, registry, props, propsFollower } = bundles;
  const work = openJobs(scope, base, config, secrets);
  const web = openWeb(scope, base, config);
  const calls = openCallsBetweenBundles(base, config);
  const capabilities = buildCapabilities(scope, base, config, {
    reader: secrets,
    masks,
    further: [work.capability, calls.capability, ...web.sites.capabilities],
    deliver: work.deliver,
  });
  const worker = createWorker({
    ...base,
    config,
    executor: protectTurns(
      scope,
      { ...base, config },
      createExecutor(base, config, { registry, runner, capabilities }),
    ),
    connectClaim: (name) => base.connect(name, 'claim'),
    name: config.workerName,
    version: PROC_VERSION,
  });
  scope.defer(() => worker.stop(Deadline.in(CLOSE_MS)));
  await worker.start();
  let isDraining = false;
  const onError = (error: unknown) => log.warn('postgres does not answer', { error });
  const invoker = buildInvoker(base, { registry, runner, capabilities });
  calls.start(invoker);
  const predictions = await openPredictions(scope, base, config, { invoker, work, python, runner });
  const port = await serveEndpoints(
    scope,
    base,
    config,
    { registry, invoker, runner, secrets, props, follower: propsFollower, work, web, predictions },
    {
      isDraining: () => isDraining,
      report: () => reportHealth(store, redis, [worker, runner, registry, work.jobs], onError),
    },
  );
  // Last: a job may publish a site, which takes what serves them.
  await work.start(invoker, predictions.runJob);
  log.info('worker started', { port });
  return {
    port,
    async quiet(deadline: Deadline) {
      isDraining = true;
      log.info('worker stops');
      await Promise.all([
        worker.stop(deadline),
        work.jobs.stop(deadline),
        predictions.predictions.stop(deadline),
      ]);
      await bundles.stop(deadline);
    },
  };
}

function createExecutor(
  base: Base,
  config: ProcConfig,
  { registry, runner, capabilities }: { registry: Registry; runner: Runner; capabilities: Capabilities },
) {
  const { sql, scope, clock, log, metrics } = base;
  const help = 'From the start of a run to the first piece of its answer.';
  const firstDelta = metrics.timer('switchyard_turn_first_delta_seconds', help);
  const parts = metrics.timer('switchyard_message_part_seconds', 'Where the time of a message went.', [
    'part',
  ]);
  return createTurnExecutor({
    registry,
    runner,
    clock,
    log,
    capabilities,
    storeUsage: createStoreUsage({
      usageLog: createUsageLog(sql, scope),
      ids: base.ids,
      clock,
      random: base.random,
    }),
    fileStores: {
      blobs: createBlobStore({ dir: resolve(config.blobDir) }),
      files: createFiles(sql, scope),
    },
    conversations: createConversations(sql, scope),
    history: createTurnHistory(sql, scope),
    bounds: { maxTurns: config.historyTurns, maxCharacters: config.historyCharacters },
    limits: { idleMs: config.turnIdle, wallMs: config.turnWall },
    onPart: (part, ms) => {
      parts.observeMs(ms, { part });
      if (part === 'first_delta') firstDelta.observeMs(ms);
    },
  });
}
