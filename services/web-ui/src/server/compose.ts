import { randomBytes } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { createHttpApp, createMetricsApp, listen, openServerCertificate } from '@switchyard/http';
import { PlatformError, createIds, openScoped, systemClock } from '@switchyard/kernel';
import type { Deadline, Scope } from '@switchyard/kernel';
import { createLog, createMetrics } from '@switchyard/telemetry';
import type { WebUiConfig } from './env.ts';
import { servePages } from './serve-pages.ts';

export interface RunningWebUi {
  readonly port: number;
  stop(deadline: Deadline): Promise<void>;
}

/** The service takes no bodies. */
const BODY_LIMIT_BYTES = 1024;

/** Serves the built pages. It has no stores and no secrets: everything else the page asks of its own origin. */
export async function startWebUi(config: WebUiConfig): Promise<RunningWebUi> {
  let isDraining = false;
  const { value, scope } = await openScoped((opening) => build(config, opening, () => isDraining));
  return {
    port: value.port,
    stop: async (deadline) => {
      isDraining = true;
      await value.close(Math.min(config.drain, deadline.remainingMs()));
      await scope.close();
    },
  };
}

async function build(config: WebUiConfig, scope: Scope, isDraining: () => boolean) {
  await requirePages(config.pagesDir);
  const log = createLog({ service: 'web-ui', level: config.logLevel });
  const metrics = createMetrics({ service: 'web-ui' });
  const ids = createIds(systemClock, randomBytes);
  const app = createHttpApp({
    name: 'web-ui',
    log,
    metrics,
    clock: systemClock,
    makeRequestId: () => ids.request(),
    health: { report: () => ({ ok: true }), isDraining },
    bodyLimit: BODY_LIMIT_BYTES,
    mount: (express) => express.use(servePages(config.pagesDir)),
  });
  if (config.metricsPort !== 0) {
    const address = { port: config.metricsPort, host: config.host };
    await scope.use(listen(createMetricsApp(metrics), address), (opened) => opened.close(0));
  }
  const certificate = await openServerCertificate({ config, name: 'web-ui', scope, log });
  const listening = await scope.use(listen(app, { ...config, certificate }), (opened) => opened.close(0));
  log.info('listening', { host: config.host, port: listening.port });
  return listening;
}

async function requirePages(dir: string): Promise<void> {
  const isBuilt = await stat(join(dir, 'index.html')).then(
    (entry) => entry.isFile(),
    () => false,
  );
  if (!isBuilt) {
    throw PlatformError.of(
      'CONFIG',
      `web-ui: no pages in ${dir}: run "npm run build -w services/web-ui" first`,
    );
  }
}
