import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@switchyard/kernel';
import { createMetrics, silentLog } from '@switchyard/telemetry';
import type { Log } from '@switchyard/telemetry';
import { test } from 'vitest';
import { createAnswerDefaults } from '../src/answer-headers.ts';
import type { Certificates } from '../src/certificates.ts';
import { createHeadGuard } from '../src/check-head.ts';
import { createClientReader } from '../src/client-address.ts';
import { createAddressCounts } from '../src/count-by-address.ts';
import { createProxyApp } from '../src/create-proxy-app.ts';
import type { ProxyAppOptions } from '../src/create-proxy-app.ts';
import { createForwarder } from '../src/forwarder.ts';
import { openListener } from '../src/open-listener.ts';
import type { Listener, ListenerLimits } from '../src/open-listener.ts';
import { proxyUpgrade } from '../src/proxy-upgrade.ts';
import type { ProxyParts } from '../src/proxy-parts.ts';
import { DEFAULT_CARRIERS } from '../src/read-carriers.ts';
import type { Upstream } from '../src/route-table.ts';
import { createSiteHosts } from '../src/site-hosts.ts';
import { createUpstreamPool } from '../src/upstream-pool.ts';
import type { UpstreamPool } from '../src/upstream-pool.ts';
import { createBodyWatch } from '../src/watch-bodies.ts';
import { watchUpstreams } from '../src/watch-upstreams.ts';
import type { UpstreamWatch } from '../src/watch-upstreams.ts';

export interface RunningUpstream {
  readonly url: string;
  readonly server: Server;
  close(): Promise<void>;
}

/** A real HTTP server that answers as the test says. */
export const startUpstream = async (handle: RequestListener): Promise<RunningUpstream> => {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${port}`, server, close };
};

/** Answers what it was asked, for looking at what came through. */
export const echo = (name: string) => (request: IncomingMessage, response: ServerResponse) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const { method, url, headers } = request;
    const size = Buffer.concat(chunks).length;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ upstream: name, method, url, headers, size }));
  });
};

export interface Echoed {
  readonly upstream: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly size: number;
}

export interface ProxyLab {
  /** Starts a proxy before these upstreams; what is not named is an address where nobody listens. */
  start(options: StartOptions): Promise<{ url: string; listener: Listener; sitesPort: number }>;
  upstream(handle: RequestListener): Promise<RunningUpstream>;
}

/** Addresses by service, one or several. */
type Targets = Partial<Record<Upstream, string | readonly string[] | undefined>>;

interface StartOptions {
  readonly targets?: Targets;
  readonly unmask?: ProxyParts['unmask'];
  readonly maxBodyBytes?: number;
  readonly idleTimeoutMs?: number;
  readonly siteIdleTimeoutMs?: number;
  readonly siteHosts?: readonly string[];
  readonly maxSiteBodyBytes?: number;
  readonly trustedProxies?: readonly string[];
  readonly maxConnectionsPerAddress?: number;
  readonly bodyIdleMs?: number;
  /** How often addresses are asked whether they are ready. */
  readonly checkMs?: number;
  readonly limits?: Partial<ListenerLimits>;
  readonly certificates?: Certificates;
  /** Where log lines go; nowhere, if nothing is said. */
  readonly log?: Log;
}

/** Port 9 (discard) answers nobody on any machine of ours. */
export const NOBODY = 'http://127.0.0.1:9';

const poolOf = (target: string | readonly string[]): UpstreamPool =>
  createUpstreamPool([target].flat().map((address) => new URL(address)));

const LIMITS: ListenerLimits = {
  headersTimeoutMs: 5000,
  requestTimeoutMs: 10_000,
  keepAliveTimeoutMs: 75_000,
  maxConnections: 20_000,
  maxHeaderBytes: 16 * 1024,
  maxHeaders: 100,
};

interface StartedProxy {
  readonly platform: Listener;
  readonly sites: Listener;
  readonly watch: UpstreamWatch;
}

const startProxy = async (options: StartOptions): Promise<StartedProxy> => {
  const forwarder = createForwarder({ connectTimeoutMs: 1000, upgradeTimeoutMs: 5000 });
  const message = options.maxBodyBytes ?? 1024 * 1024;
  const limits = { ...LIMITS, ...options.limits };
  const connections = createAddressCounts(options.maxConnectionsPerAddress ?? 1000);
  const log = options.log ?? silentLog;
  const { ingress = NOBODY, proc = NOBODY, ui = NOBODY, login } = options.targets ?? {};
  const upstreams = { ingress: poolOf(ingress), proc: poolOf(proc), ui: poolOf(ui) };
  const watch = watchUpstreams({ pools: upstreams, intervalMs: options.checkMs ?? 20, timeoutMs: 2000, log });
  const parts: ProxyParts = {
    forwarder,
    upstreams: { ...upstreams, login: login === undefined ? undefined : poolOf(login) },
    unmask: options.unmask ?? (() => Promise.resolve(undefined)),
    carriers: DEFAULT_CARRIERS,
    publicOrigin: undefined,
    isSiteHost: createSiteHosts(options.siteHosts ?? []),
    clients: createClientReader(options.trustedProxies ?? []),
    toldClients: connections,
    heads: createHeadGuard(limits),
    maxBodyBytes: { message, archive: message, site: options.maxSiteBodyBytes ?? message },
    bodies: createBodyWatch({ idleMs: options.bodyIdleMs ?? 5000, clock: systemClock }),
    idleTimeoutMs: { platform: options.idleTimeoutMs ?? 5000, site: options.siteIdleTimeoutMs ?? 5000 },
    answerDefaults: createAnswerDefaults(undefined),
    makeRequestId: () => 'made-here',
  };
  const app: ProxyAppOptions = {
    parts,
    log,
    metrics: createMetrics({ service: 'web-proxy' }),
    clock: systemClock,
    health: { report: () => ({ ok: true }), isDraining: () => false },
  };
  const listenWith = (handle: RequestListener) =>
    openListener(handle, {
      host: '127.0.0.1',
      port: 0,
      limits,
      connections,
      isTrusted: parts.clients.isTrusted,
      onRefused: () => {},
      ...(options.certificates === undefined ? {} : { tls: options.certificates }),
    });
  const platform = await listenWith(createProxyApp(app));
  platform.server.on('upgrade', (request, socket, head) => {
    void proxyUpgrade(request, socket, head, parts, log);
  });
  return { platform, sites: await listenWith(createProxyApp(app, 'sites')), watch };
};

export const proxyTest = test.extend<{ lab: ProxyLab }>({
  lab: async ({ task: _task }, use) => {
    const closers: (() => Promise<void>)[] = [];
    await use({
      upstream: async (handle) => {
        const upstream = await startUpstream(handle);
        closers.push(() => upstream.close());
        return upstream;
      },
      start: async (options) => {
        const { platform, sites, watch } = await startProxy(options);
        closers.push(() => watch.stop());
        for (const each of [platform, sites]) closers.push(() => each.drain({ streamMs: 0, waitMs: 50 }));
        return { url: `http://127.0.0.1:${platform.port}`, listener: platform, sitesPort: sites.port };
      },
    });
    for (const close of closers.reverse()) await close();
  },
});
