import { createHttpApp, createMetricsApp, listen, openServerCertificate } from '@switchyard/http';
import { openScoped } from '@switchyard/kernel';
import type { HealthReport, RunningMain, Scope } from '@switchyard/kernel';
import { toRedisError } from '@switchyard/redis';
import { buildParts } from './build-parts.ts';
import type { LoginConfig } from './env.ts';
import { openResources } from './open-resources.ts';
import { createAssets } from './pages/create-assets.ts';
import { createAccountRoutes } from './routes/account-routes.ts';
import { createMailRoutes } from './routes/mail-routes.ts';
import { createOidcRoutes } from './routes/oidc-routes.ts';
import { createCodeRoutes } from './routes/code-routes.ts';
import { createEnrolRoutes } from './routes/enrol-routes.ts';
import { createSecondFactorRoutes } from './routes/second-factor-routes.ts';
import { createSessionRoutes } from './routes/session-routes.ts';
import { createSignInRoutes } from './routes/sign-in-routes.ts';

/** JSON bodies: nothing but a cookie. Forms have a limit of their own. */
const BODY_LIMIT_BYTES = 4096;

export interface RunningLogin extends RunningMain {
  readonly port: number;
}

const open = async (config: LoginConfig, scope: Scope) => {
  const resources = await openResources(config, scope);
  const { log, metrics, clock, ids, redis, store } = resources;
  const { paths, route: assetRoute } = await createAssets();
  const parts = await buildParts(config, resources, paths, scope);
  let isDraining = false;
  const report = async (): Promise<HealthReport> => {
    const isStoreUp = await store.ping().then(
      () => true,
      () => false,
    );
    return { ok: isStoreUp && redis.isReady(), detail: { postgres: isStoreUp, redis: redis.isReady() } };
  };
  const app = createHttpApp({
    name: 'proxylogin',
    log,
    metrics,
    clock,
    makeRequestId: () => ids.request(),
    translateError: toRedisError,
    health: { report, isDraining: () => isDraining },
    bodyLimit: BODY_LIMIT_BYTES,
    routes: [
      ...createSignInRoutes(parts),
      ...createAccountRoutes(parts),
      ...createSessionRoutes(parts),
      ...createCodeRoutes(parts),
      ...createEnrolRoutes(parts),
      ...createSecondFactorRoutes(parts),
      ...createMailRoutes(parts),
      ...createOidcRoutes(parts),
      assetRoute,
    ],
    openapi: { title: 'Switchyard sign-in', version: '1' },
  });
  if (config.metricsPort !== 0) {
    const address = { port: config.metricsPort, host: config.host };
    await scope.use(listen(createMetricsApp(metrics), address), (opened) => opened.close(0));
  }
  const certificate = await openServerCertificate({ config, name: 'proxylogin', scope, log });
  const listening = await scope.use(
    listen(app, { port: config.port, host: config.host, certificate }),
    (opened) => opened.close(config.drain),
  );
  log.info('listening', { host: config.host, port: listening.port });
  return { port: listening.port, drain: () => void (isDraining = true) };
};

/** Opens everything in order; what was open is closed when a later part fails. */
export const start = async (config: LoginConfig): Promise<RunningLogin> => {
  const { value, scope } = await openScoped((opening) => open(config, opening));
  return {
    port: value.port,
    stop: async () => {
      value.drain();
      await scope.close();
    },
  };
};
