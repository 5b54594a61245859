import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createMetricsApp, listen } from '@switchyard/http';
import { createRenewals, createTokenVault } from '@switchyard/identity';
import { PlatformError, createIds, openScoped, systemClock } from '@switchyard/kernel';
import type { RunningMain, Scope } from '@switchyard/kernel';
import { connectRedis, createKeys } from '@switchyard/redis';
import { createLog, createMetrics } from '@switchyard/telemetry';
import type { Log } from '@switchyard/telemetry';
import { createProxyApp } from './create-proxy-app.ts';
import type { ProxyConfig } from './env.ts';
import { createForwarder } from './forwarder.ts';
import { openListener } from './open-listener.ts';
import { createSiteHosts } from './site-hosts.ts';
import type { MatchesSiteHost } from './site-hosts.ts';
import { createUnmask } from './unmask-cookie.ts';
import { proxyUpgrade } from './proxy-request.ts';
import type { ProxyParts } from './proxy-request.ts';

/** Where no service has said otherwise. HSTS only where TLS is ours. Who may frame a site is the site's to say. */
const answerHeaders = (isTls: boolean): ProxyParts['answerHeaders'] => {
  const ownSite = {
    'X-Content-Type-Options': 'nosniff',
    ...(isTls ? { 'Strict-Transport-Security': 'max-age=31536000' } : {}),
  };
  const platform = {
    ...ownSite,
    'Referrer-Policy': 'strict-origin-when-cross-origin',
    'X-Frame-Options': 'SAMEORIGIN',
  };
  return { platform, ownSite };
};

/** A platform that is a site would be gone. */
const siteHosts = ({ siteHosts: patterns, publicUrl }: ProxyConfig): MatchesSiteHost => {
  const matches = createSiteHosts(patterns);
  if (publicUrl !== '' && matches(new URL(publicUrl).host))
    throw PlatformError.of('CONFIG', 'web-proxy: SITE_HOSTS names the host of PUBLIC_URL');
  return matches;
};

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
    isSiteHost: siteHosts(config),
    maxBodyBytes: { message: config.maxBody, archive: config.maxArchive, site: config.maxSiteBody },
    idleTimeoutMs: { platform: config.upstreamTimeout, site: config.siteUpstreamTimeout },
    answerHeaders: answerHeaders(tls !== undefined),
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
  const app = { parts, log, metrics, clock: systemClock, health };
  const listenAt = (port: number, requestTimeoutMs: number, handle: RequestListener) =>
    openListener(handle, {
      host: config.host,
      port,
      headersTimeoutMs: config.headersTimeout,
      requestTimeoutMs,
      maxConnectionsPerAddress: config.maxConnectionsPerAddress,
      ...(tls ? { tls } : {}),
    });
  const draining = { streamMs: config.streamDrain, waitMs: config.drain };
  const listener = await listenAt(config.port, config.requestTimeout, createProxyApp(app));
  // Both at once: closing one after the other would take twice the time that a stop has.
  const listeners = [listener];
  scope.defer(async () => void (await Promise.all(listeners.map((each) => each.drain(draining)))));
  if (config.sitesPort !== 0)
    listeners.push(await listenAt(config.sitesPort, config.siteRequestTimeout, createProxyApp(app, 'sites')));
  listener.server.on('upgrade', (request, socket, head) => {
    log.debug('upgrade', { path: request.url?.split('?', 1)[0] });
    void proxyUpgrade(request, socket, head, parts);
  });
  if (config.metricsPort !== 0) {
    const inside = await listen(createMetricsApp(metrics), { host: config.host, port: config.metricsPort });
    scope.defer(() => inside.close(0));
  }
  log.info('web-proxy listens', {
    port: listener.port,
    sites_port: config.sitesPort,
    tls: tls !== undefined,
  });
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
