import { resolve } from 'node:path';
import { createHttpApp, createMetricsApp, listen } from '@switchyard/http';
import type { Capabilities } from '@switchyard/capabilities';
import type { HealthSource } from '@switchyard/http';
import { createIdentity } from '@switchyard/identity';
import { Deadline, armFailpoints, createServiceGroup, openScoped } from '@switchyard/kernel';
import type { Scope } from '@switchyard/kernel';
import { roleNames } from '@switchyard/protocol';
import { createEventLog } from '@switchyard/relay';
import { createRegistry } from '@switchyard/registry';
import type { Registry } from '@switchyard/registry';
import { createRunner } from '@switchyard/runner';
import type { Runner } from '@switchyard/runner';
import { createBlobStore, createConversations, createFiles, createTurnHistory } from '@switchyard/store';
import { createWorker } from '@switchyard/turns';
import { toRedisError } from '@switchyard/redis';
import { buildCapabilities } from './build-capabilities.ts';
import { createSecretMasks } from '@switchyard/capabilities';
import { createBundleProps } from '@switchyard/store';
import type { BundleAdminParts } from './admin/build-admin.ts';
import { createPropsFollower } from './props/follow-props.ts';
import { createSecretClient, secretsAt } from './secrets/secret-client.ts';
import { buildAdmin } from './admin/build-admin.ts';
import { buildOperations } from './operations/build-operations.ts';
import { createBundleRoutes } from './bundle-routes.ts';
import { createGuards } from './caller-of.ts';
import type { ProcConfig } from './env.ts';
import { indexDocs } from './index-docs.ts';
import { openJobs } from './jobs/open-jobs.ts';
import { reportHealth } from './report-health.ts';
import { runnerConfig } from './runner-config.ts';
import { protectTurns } from './scale-in/protect-turns.ts';
import { createBundleInvoker } from './invocations/invoke-bundle.ts';
import type { BundleInvoker } from './invocations/invoke-bundle.ts';
import { createPublishNotice } from './invocations/publish-notice.ts';
import { acceptTickets } from './widgets/accept-tickets.ts';
import { buildWidgetRoutes, prepareWidgets, widgetTickets } from './widgets/build-widgets.ts';
import { startBundles } from './start-bundles.ts';
import { createTurnExecutor } from './turn-executor.ts';
import { openBase } from './open-base.ts';
import type { Base } from './open-base.ts';

/** A running worker. */
export interface Proc {
  readonly port: number;
  /** No new turns; running ones end, at the deadline they are interrupted; then hosts and connections close. */
  stop(deadline: Deadline): Promise<void>;
}

const VERSION = '0.1.0';
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
  const { log, redis, store, bundles, documents, sql } = base;
  const masks = createSecretMasks();
  const secrets = createSecretClient({ ...secretsAt(config), scope: base.scope });
  const runner = createRunner({ ...base, config: runnerConfig(config), masked: masks.masked });
  const props = createBundleProps(base.sql, base.scope);
  const propsFollower = createPropsFollower({ props, runner, log });
  const registry = createRegistry({
    ...base,
    runner,
    storeDir: resolve(config.bundleStoreDir),
    refreshMs: config.bundleRefresh,
    watchesFolders: config.nodeEnv === 'development',
    keepVersions: config.bundleKeepVersions,
    prepare: prepareWidgets(base, config),
    applySettings: (manifestOf) => propsFollower.apply(manifestOf),
  });
  const foundations = createServiceGroup('bundles', [runner, registry]);
  scope.defer(() => foundations.stop(Deadline.in(CLOSE_MS)));
  await foundations.start();
  const { bundlesDir, defaultBundle, docsDir } = config;
  await Promise.all([
    startBundles({ registry, bundles, log, bundlesDir: resolve(bundlesDir), defaultBundle }),
    indexDocs({ sql, documents, scope: base.scope }, resolve(docsDir), log),
  ]);

  const work = openJobs(scope, base, config);
  const capabilities = buildCapabilities(scope, base, config, {
    reader: secrets,
    masks,
    further: [work.capability],
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
    version: VERSION,
  });
  scope.defer(() => worker.stop(Deadline.in(CLOSE_MS)));
  await worker.start();
  let isDraining = false;
  const onError = (error: unknown) => log.warn('postgres does not answer', { error });
  const invoker = createInvoker(base, { registry, runner, capabilities });
  await work.start(invoker);
  const port = await serve(
    scope,
    base,
    config,
    { registry, invoker, runner, secrets, props, follower: propsFollower, work },
    {
      isDraining: () => isDraining,
      report: () => reportHealth(store, redis, [worker, runner, registry, work.jobs], onError),
    },
  );
  log.info('worker started', { port });
  return {
    port,
    async quiet(deadline: Deadline) {
      isDraining = true;
      log.info('worker stops');
      await Promise.all([worker.stop(deadline), work.jobs.stop(deadline)]);
      await foundations.stop(deadline);
    },
  };
}

function createInvoker(
  { redis, keys, log, scope, clock }: Base,
  parts: { registry: Registry; runner: Runner; capabilities: Capabilities },
): BundleInvoker {
  const publishNotice = createPublishNotice({
    events: createEventLog(redis, keys),
    scope,
    clock,
    publishToProject: async (data) => void (await redis.driver.spublish(keys.relayProject(), data)),
  });
  return createBundleInvoker({ ...parts, log, publishNotice });
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

/** The endpoints of 03 §6. Returns the port. */
async function serve(
  scope: Scope,
  base: Base,
  config: ProcConfig,
  { invoker, ...bundleParts }: { invoker: BundleInvoker } & BundleAdminParts,
  health: HealthSource,
) {
  const { bundles, log, metrics, clock, ids } = base;
  const identity = createIdentity({ ...base, config });
  await identity.check();
  const guards = createGuards(identity, roleNames(config.rolePrefix), base.scope);
  const tickets = widgetTickets(base, config);
  const operations = buildOperations(scope, {
    base,
    config,
    guards: acceptTickets(guards, tickets),
    invoker,
  });
  const app = createHttpApp({
    name: 'chat-proc',
    log,
    metrics,
    clock,
    health,
    timingPart: 'proc',
    makeRequestId: () => ids.request(),
    translateError: toRedisError,
    bodyLimit: config.bodyLimit,
    openapi: { title: 'Switchyard chat-proc', version: VERSION },
    routes: [
      ...createBundleRoutes(guards, bundles, config.modelBaseUrl !== ''),
      ...(await buildWidgetRoutes({ config, guards, registry: bundleParts.registry, tickets })),
      ...operations,
      ...buildAdmin({ base, config, guards, ...bundleParts }),
    ],
  });
  const { host, port, metricsPort } = config;
  const server = await scope.use(listen(app, { port, host }), (opened) => opened.close(CLOSE_MS));
  scope.defer(async () => base.bundleLogs.close());
  if (metricsPort !== 0) {
    const inside = listen(createMetricsApp(metrics), { port: metricsPort, host });
    await scope.use(inside, (opened) => opened.close(0));
  }
  return server.port;
}
