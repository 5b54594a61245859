import { randomBytes } from 'node:crypto';
import { createHttpApp, createMetricsApp, listen, openServerCertificate } from '@switchyard/http';
import type { Listening } from '@switchyard/http';
import { PlatformError, createIds, forbidCoreDumps, openScoped, systemClock } from '@switchyard/kernel';
import type { Deadline, RunningMain, Scope } from '@switchyard/kernel';
import { createLog, createMetrics } from '@switchyard/telemetry';
import type { Log } from '@switchyard/telemetry';
import type { SecretsConfig } from './env.ts';
import { createSecretRoutes } from './secret-routes.ts';
import { createSecretShelf } from './secret-shelf.ts';
import { READ_TOKEN_PREFIX, createReadTokens } from './read-tokens.ts';
import { createServiceTokens } from './service-tokens.ts';
import { fillShelf, sourcesOf } from './sources/fill-shelf.ts';

// A value may be six times as long in JSON, when every character of it is escaped.
const ESCAPED = 6;
const HARD_CLOSE_MS = 1000;

interface Opened {
  listening: Listening;
  drain: () => void;
}

async function open(config: SecretsConfig, scope: Scope, log: Log): Promise<Opened> {
  const authenticate = createServiceTokens({
    'chat-proc': config.secretsToken,
    operator: config.secretsOperatorToken,
  });
  const clock = systemClock;
  const ids = createIds(clock, randomBytes);
  const metrics = createMetrics({ service: 'secrets', withProcessMetrics: true });
  const shelf = createSecretShelf({
    maxValueBytes: config.maxSecretValue,
    maxSecrets: config.maxSecrets,
    clock,
  });
  scope.defer(() => shelf.wipe());
  const held = metrics.gauge('switchyard_secrets_held', 'Secrets in memory.');
  metrics.onScrape(() => held.set(shelf.size));

  if ((await forbidCoreDumps(process.pid)) === true && !config.allowCoreDumps)
    throw PlatformError.of(
      'CONFIG',
      'secrets: a crash would write the values to a file; start it with a core limit of 0 (ulimit -c 0), or set ALLOW_CORE_DUMPS',
    );
  await fillShelf(shelf, sourcesOf(config), config, log);
  const readTokens = createReadTokens(clock, () => `${READ_TOKEN_PREFIX}${ids.token(32)}`);
  scope.defer(() => readTokens.clear());

  let isDraining = false;
  const app = createHttpApp({
    name: 'secrets',
    log,
    metrics,
    clock,
    health: { report: () => ({ ok: true, detail: { secrets: shelf.size } }), isDraining: () => isDraining },
    makeRequestId: () => ids.request(),
    bodyLimit: config.maxSecretValue * ESCAPED + 1024,
    routes: createSecretRoutes({ shelf, authenticate, readTokens, scope: config, log }),
    openapi: { title: 'Switchyard secrets', version: '1' },
  });
  const close = (listening: Listening) => listening.close(HARD_CLOSE_MS);
  if (config.metricsPort > 0)
    await scope.use(
      listen(createMetricsApp(metrics), { port: config.metricsPort, host: config.host }),
      close,
    );
  const certificate = await openServerCertificate({ config, name: 'secrets', scope, log });
  const listening = await scope.use(
    listen(app, { port: config.port, host: config.host, certificate }),
    close,
  );
  log.info('listening', { host: config.host, port: listening.port });
  return { listening, drain: () => void (isDraining = true) };
}

export interface RunningSecrets extends RunningMain {
  readonly port: number;
}

/** Opens everything in order; what was open is closed when a later part fails. */
export async function start(config: SecretsConfig, given?: Log): Promise<RunningSecrets> {
  const log = given ?? createLog({ service: 'secrets', level: config.logLevel });
  const scoped = log.child({ tenant: config.tenant, project: config.project });
  const { value, scope } = await openScoped((opening) => open(config, opening, scoped));
  return {
    port: value.listening.port,
    async stop(_deadline: Deadline) {
      value.drain();
      await scope.close();
    },
  };
}
