import { randomBytes } from 'node:crypto';
import { createMetricsApp, listen } from '@switchyard/http';
import { createRenewals, createTokenVault, readMasterKeys } from '@switchyard/identity';
import { PlatformError, createIds, openScoped, systemClock } from '@switchyard/kernel';
import type { RunningMain, Scope } from '@switchyard/kernel';
import { connectRedis, createKeys } from '@switchyard/redis';
import { createLog, createMetrics } from '@switchyard/telemetry';
import type { Log } from '@switchyard/telemetry';
import { createAnswerDefaults } from './answer-headers.ts';
import type { HstsOptions } from './answer-headers.ts';
import { createHeadGuard } from './check-head.ts';
import { createClientReader } from './client-address.ts';
import { openCertificatesOf, openListeners } from './compose-listeners.ts';
import { createAddressCounts } from './count-by-address.ts';
import type { ProxyConfig } from './env.ts';
import { createForwarder } from './forwarder.ts';
import type { ProxyParts } from './proxy-parts.ts';
import { readAddresses } from './read-addresses.ts';
import { createSiteHosts } from './site-hosts.ts';
import type { MatchesSiteHost } from './site-hosts.ts';
import { trustAuthorities } from './trust-authorities.ts';
import { createUnmask } from './unmask-cookie.ts';
import { createUpstreamPool } from './upstream-pool.ts';
import type { UpstreamPool } from './upstream-pool.ts';
import { createBodyWatch } from './watch-bodies.ts';
import { watchUpstreams } from './watch-upstreams.ts';

/** A platform that is a site would be gone. */
const siteHosts = ({ siteHosts: patterns, publicUrl }: ProxyConfig): MatchesSiteHost => {
  const matches = createSiteHosts(patterns);
  if (publicUrl !== '' && matches(new URL(publicUrl).host))
    throw PlatformError.of('CONFIG', 'web-proxy: SITE_HOSTS names the host of PUBLIC_URL');
  return matches;
};

const publicOriginOf = ({ publicUrl }: ProxyConfig): string | undefined =>
  publicUrl === '' ? undefined : new URL(publicUrl).origin;

const hstsOf = (config: ProxyConfig, isTls: boolean): HstsOptions | undefined =>
  isTls || publicOriginOf(config)?.startsWith('https:') === true
    ? { maxAgeMs: config.hstsMaxAge, withSubdomains: config.hstsSubdomains }
    : undefined;

const openUpstreams = (config: ProxyConfig, scope: Scope, log: Log) => {
  const pool = (setting: string, addresses: readonly string[]): UpstreamPool =>
    createUpstreamPool(readAddresses(setting, addresses));
  const ingress = pool('INGRESS_URL', config.ingressUrl);
  const proc = pool('PROC_URL', config.procUrl);
  const ui = pool('WEB_UI_URL', config.webUiUrl);
  const login = config.loginUrl.length === 0 ? undefined : pool('LOGIN_URL', config.loginUrl);
  const watch = watchUpstreams({
    pools: { ingress, proc, ui, ...(login === undefined ? {} : { login }) },
    intervalMs: config.upstreamCheckInterval,
    timeoutMs: config.upstreamCheckTimeout,
    log,
  });
  scope.defer(() => watch.stop());
  return { ingress, proc, ui, login };
};

/** Everything that forwarding needs, and how Redis is. */
const openParts = async (config: ProxyConfig, scope: Scope, { isTls, log }: { isTls: boolean; log: Log }) => {
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
    masterKeys: readMasterKeys(config),
  });
  // It only looks: proxylogin renews.
  const renewals = createRenewals({
    redis,
    keys,
    clock,
    ids,
    masterKeys: readMasterKeys(config),
    aheadMs: 0,
  });
  const forwarder = await scope.use(
    createForwarder({
      connectTimeoutMs: config.connectTimeout,
      upgradeTimeoutMs: config.upstreamTimeout,
    }),
    (each) => each.close(),
  );
  const bodies = await scope.use(createBodyWatch({ idleMs: config.bodyIdleTimeout, clock }), (each) =>
    each.close(),
  );
  const upstreams = openUpstreams(config, scope, log);
  const parts: ProxyParts = {
    forwarder,
    upstreams,
    unmask: createUnmask({
      vault,
      renewals,
      login: upstreams.login,
      timeoutMs: config.renewTimeout,
    }),
    carriers: {
      maskedCookie: config.maskedCookie,
      tokenCookies: [config.accessTokenCookie, config.idTokenCookie],
      areTokenCookiesAccepted: config.tokenCookiesAccepted,
    },
    publicOrigin: publicOriginOf(config),
    isSiteHost: siteHosts(config),
    clients: createClientReader(config.trustedProxies),
    toldClients: createAddressCounts(config.maxConnectionsPerAddress),
    heads: createHeadGuard({ maxHeaders: config.maxHeaders }),
    bodies,
    maxBodyBytes: { message: config.maxBody, archive: config.maxArchive, site: config.maxSiteBody },
    idleTimeoutMs: { platform: config.upstreamTimeout, site: config.siteUpstreamTimeout },
    answerDefaults: createAnswerDefaults(hstsOf(config, isTls)),
    makeRequestId: () => ids.request(),
  };
  return { parts, redis };
};

const open = async (config: ProxyConfig, scope: Scope) => {
  const log = createLog({ service: 'web-proxy', level: config.logLevel, gatherMs: config.logGather }).child({
    tenant: config.tenant,
    project: config.project,
  });
  const metrics = createMetrics({ service: 'web-proxy', withProcessMetrics: true });
  await trustAuthorities(config, scope);
  const certificates = await openCertificatesOf(config, scope, log);
  const { parts, redis } = await openParts(config, scope, { isTls: certificates !== undefined, log });
  let isDraining = false;
  // Without Redis bearer tokens and the page still pass: that is degraded, not down.
  const health = {
    report: () => ({ ok: true, detail: { redis: redis.isReady() } }),
    isDraining: () => isDraining,
  };
  const app = { parts, log, metrics, clock: systemClock, health };
  const listener = await openListeners(config, scope, {
    app,
    certificates,
    publicOrigin: parts.publicOrigin,
  });
  if (config.metricsPort !== 0) {
    const inside = await listen(createMetricsApp(metrics), { host: config.host, port: config.metricsPort });
    scope.defer(() => inside.close(0));
  }
  log.info('web-proxy listens', {
    port: listener.port,
    sites_port: config.sitesPort,
    tls: certificates !== undefined,
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
