import type { RequestListener } from 'node:http';
import { createHttpService, createMetricsApp, listen, openServerCertificate } from '@switchyard/http';
import type { HealthSource } from '@switchyard/http';
import { createIdentity } from '@switchyard/identity';
import type { Scope } from '@switchyard/kernel';
import { roleNames } from '@switchyard/protocol';
import { toRedisError } from '@switchyard/redis';
import { buildAdmin } from './admin/build-admin.ts';
import type { BundleAdminParts } from './admin/build-admin.ts';
import { createBundleRoutes } from './bundle-routes.ts';
import { createGuards } from './caller-of.ts';
import type { ProcConfig } from './env.ts';
import type { BundleInvoker } from './invocations/invoke-bundle.ts';
import type { Base } from './open-base.ts';
import { buildOperations } from './operations/build-operations.ts';
import { buildPredictionParts } from './predictions/build-prediction-parts.ts';
import { createPredictionListRoutes, mountPredictions } from './predictions/mount-predictions.ts';
import type { OpenedPredictions } from './predictions/open-predictions.ts';
import { mountProcedures } from './procedures/mount-procedures.ts';
import type { OpenedWeb } from './web/open-web.ts';
import { acceptTickets } from './widgets/accept-tickets.ts';
import { buildSiteAdmin } from './web/admin/build-site-admin.ts';
import { buildWidgetRoutes, widgetTickets } from './widgets/build-widgets.ts';

export const PROC_VERSION = '0.1.0';
/** What requests under way are given to end. */
const CLOSE_MS = 5_000;

/** The endpoints of 03 §6. Returns the port. */
export async function serveEndpoints(
  scope: Scope,
  base: Base,
  config: ProcConfig,
  {
    invoker,
    web,
    predictions,
    ...bundleParts
  }: {
    invoker: BundleInvoker;
    web: OpenedWeb;
    predictions: OpenedPredictions;
  } & BundleAdminParts,
  health: HealthSource,
) {
  const { bundles, log, metrics, clock, ids } = base;
  const identity = createIdentity({ ...base, config });
  await identity.check();
  const guards = createGuards(identity, roleNames(config.rolePrefix), base.scope);
  const tickets = widgetTickets(base, config);
  const operations = await buildOperations(scope, {
    base,
    config,
    guards: acceptTickets(guards, tickets),
    invoker,
  });
  const sites = await web.start({ invoker, registry: bundleParts.registry });
  const predictionParts = buildPredictionParts(base, config, { guards, invoker, ...predictions });
  const { app, answerDirectly, messages } = createHttpService({
    name: 'chat-proc',
    log,
    metrics,
    clock,
    health,
    timingPart: 'proc',
    makeRequestId: () => ids.request(),
    translateError: toRedisError,
    bodyLimit: config.bodyLimit,
    openapi: { title: 'Switchyard chat-proc', version: PROC_VERSION },
    routes: [
      ...createBundleRoutes(guards, bundles, config.modelBaseUrl !== ''),
      ...(await buildWidgetRoutes({ base, guards, registry: bundleParts.registry, tickets })),
      ...operations,
      ...buildAdmin({ base, config, guards, ...bundleParts }),
      ...buildSiteAdmin({ base, config, guards, web }),
      ...createPredictionListRoutes(predictionParts),
    ],
    mount: (mounted) => {
      mountPredictions(mounted, predictionParts);
      mountProcedures(mounted, predictionParts);
    },
  });
  const { host, port, metricsPort } = config;
  // Sites go first: their files need none of the layers of an endpoint. Then calls of operations, which need no walk over all routes.
  const answer: RequestListener = (req, res) => {
    if (!sites.handle(req, res) && !answerDirectly(req, res)) app(req, res);
  };
  const certificate = await openServerCertificate({ config, name: 'chat-proc', scope, log });
  const server = await scope.use(
    listen(answer, { port, host, messages, requestTimeoutMs: config.webRequestTimeout, certificate }),
    (opened) => opened.close(CLOSE_MS),
  );
  scope.defer(async () => base.bundleLogs.close());
  if (metricsPort !== 0) {
    const inside = listen(createMetricsApp(metrics), { port: metricsPort, host });
    await scope.use(inside, (opened) => opened.close(0));
  }
  return server.port;
}
