import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createMetricsApp, listen } from '@switchyard/http';
import { createRenewals, createTokenVault } from '@switchyard/identity';
import { createIds, openScoped, systemClock } from '@switchyard/kernel';
import type { RunningMain, Scope } from '@switchyard/kernel';
import { connectRedis, createKeys } from '@switchyard/redis';
import { createLog, createMetrics } from '@switchyard/telemetry';
import type { Log } from '@switchyard/telemetry';
import { createProxyApp } from './create-proxy-app.ts';
import type { ProxyConfig } from './env.ts';
import { createForwarder } from './forwarder.ts';
import { openListener } from './open-listener.ts';
import { createUnmask } from './unmask-cookie.ts';
import { proxyUpgrade } from './proxy-request.ts';
import type { ProxyParts } from './proxy-request.ts';

/** Where no service has said otherwise. HSTS only where TLS is ours. */
const answerHeaders = (isTls: boolean): Record<string, string> => ({
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  'X-Frame-Options': 'SAMEORIGIN',
  ...(isTls ? { 'Strict-Transport-Security': 'max-age=31536000' } : {}),
});

const readTls = async (config: ProxyConfig): Promise<{ cert: string; key: string } | undefined> => {
  if (config.tlsCertFile === '' || config.tlsKeyFile === '') return undefined;
  const [cert, key] = await Promise.all([
    readFile(config.tlsCertFile, 'utf8'),
    readFile(config.tlsKeyFile, 'utf8'),
  ]);
  return { cert, key };
};

const orNone = (address: string): string | undefined => (address === '' ? undefined : address);

type Tls = Awaited<ReturnType<typeof readTls>>;

/** Everything that forwarding needs, and how Redis is. */
const openParts = async (config: ProxyConfig, scope: Scope, tls: Tls, log: Log) => {
  const clock = systemClock;
  const ids = createIds(clock, randomBytes);
  const keys = createKeys(config);
  const redis = await scope.use(
    connectRedis({
      url: config.redisUrl,
      prefix: keys.prefix,
      name: 'web-proxy',
      kind: 'commands',
      onError: (error) => log.warn('redis connection broke', { error }),
    }),
    (each) => each.close(),
  );
  const vault = createTokenVault({
    redis,
    keys,
    clock,
    ids,
    masterKey: config.switchyardMasterKey,
  });
  // It only looks: proxylogin renews.
  const renewals = createRenewals({
    redis,
    keys,
    clock,
    ids,
    masterKey: config.switchyardMasterKey,
    aheadMs: 0,
  });
  const forwarder = await scope.use(
    createForwarder({
      connectTimeoutMs: config.connectTimeout,
      idleTimeoutMs: config.upstreamTimeout,
      answerHeaders: answerHeaders(tls !== undefined),
    }),
    (each) => each.close(),
  );
  const parts: ProxyParts = {
    forwarder,
    targets: {
      ingress: config.ingressUrl,
      proc: config.procUrl,
      login: orNone(config.loginUrl),
      ui: config.webUiUrl,
    },
    unmask: createUnmask({
      vault,
      renewals,
      loginUrl: orNone(config.loginUrl),
      timeoutMs: config.renewTimeout,
    }),
    carriers: {
      maskedCookie: config.maskedCookie,
      tokenCookies: [config.accessTokenCookie, config.idTokenCookie],
      areTokenCookiesAccepted: config.tokenCookiesAccepted,
    },
    publicOrigin: config.publicUrl === '' ? undefined : new URL(config.publicUrl).origin,
    maxBodyBytes: config.maxBody,
    makeRequestId: () => ids.request(),
  };
  return { parts, redis };
};

const open = async (config: ProxyConfig, scope: Scope) => {
  const log = createLog({ service: 'web-proxy', level: config.logLevel }).child({
    tenant: config.tenant,
    project: config.project,
  });
  const metrics = createMetrics({ service: 'web-proxy', withProcessMetrics: true });
  const tls = await readTls(config);
  const { parts, redis } = await openParts(config, scope, tls, log);
  let isDraining = false;
  // Without Redis bearer tokens and the page still pass: that is degraded, not down.
  const health = {
    report: () => ({ ok: true, detail: { redis: redis.isReady() } }),
    isDraining: () => isDraining,
  };
  const app = createProxyApp({ parts, log, metrics, clock: systemClock, health });
  const listener = await openListener(app, {
    host: config.host,
    port: config.port,
    headersTimeoutMs: config.headersTimeout,
    requestTimeoutMs: config.requestTimeout,
    maxConnectionsPerAddress: config.maxConnectionsPerAddress,
    ...(tls ? { tls } : {}),
  });
  scope.defer(() => listener.drain({ streamMs: config.streamDrain, waitMs: config.drain }));
  listener.server.on('upgrade', (request, socket, head) => {
    log.debug('upgrade', { path: request.url?.split('?', 1)[0] });
    void proxyUpgrade(request, socket, head, parts);
  });
  if (config.metricsPort !== 0) {
    const inside = await listen(createMetricsApp(metrics), { host: config.host, port: config.metricsPort });
    scope.defer(() => inside.close(0));
  }
  log.info('web-proxy listens', { port: listener.port, tls: tls !== undefined });
  return {
    port: listener.port,
    drain: () => {
      isDraining = true;
    },
  };
};

/** Opens everything in order; what was open is closed when a later part fails. */
export const start = async (config: ProxyConfig): Promise<RunningMain & { port: number }> => {
  const { value, scope } = await openScoped((opening) => open(config, opening));
  return {
    port: value.port,
    stop: async () => {
      value.drain();
      await scope.close();
    },
  };
};
