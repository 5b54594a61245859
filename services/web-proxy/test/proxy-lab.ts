import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@switchyard/kernel';
import { createMetrics, silentLog } from '@switchyard/telemetry';
import { test } from 'vitest';
import { createProxyApp } from '../src/create-proxy-app.ts';
import type { ProxyAppOptions } from '../src/create-proxy-app.ts';
import { createForwarder } from '../src/forwarder.ts';
import { openListener } from '../src/open-listener.ts';
import type { Listener } from '../src/open-listener.ts';
import { proxyUpgrade } from '../src/proxy-request.ts';
import type { ProxyParts } from '../src/proxy-request.ts';
import { DEFAULT_CARRIERS } from '../src/read-carriers.ts';
import { createSiteHosts } from '../src/site-hosts.ts';

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

interface StartOptions {
  readonly targets?: Partial<ProxyParts['targets']>;
  readonly unmask?: ProxyParts['unmask'];
  readonly maxBodyBytes?: number;
  readonly idleTimeoutMs?: number;
  readonly siteIdleTimeoutMs?: number;
  readonly siteHosts?: readonly string[];
  readonly maxSiteBodyBytes?: number;
}

/** Port 9 (discard) answers nobody on any machine of ours. */
const NOBODY = 'http://127.0.0.1:9';

const startProxy = async (options: StartOptions): Promise<{ platform: Listener; sites: Listener }> => {
  const forwarder = createForwarder({
    connectTimeoutMs: 1000,
  });
  const message = options.maxBodyBytes ?? 1024 * 1024;
  const parts: ProxyParts = {
    forwarder,
    targets: { ingress: NOBODY, proc: NOBODY, ui: NOBODY, login: undefined, ...options.targets },
    unmask: options.unmask ?? (() => Promise.resolve(undefined)),
    carriers: DEFAULT_CARRIERS,
    publicOrigin: undefined,
    isSiteHost: createSiteHosts(options.siteHosts ?? []),
    maxBodyBytes: { message, archive: message, site: options.maxSiteBodyBytes ?? message },
    idleTimeoutMs: { platform: options.idleTimeoutMs ?? 5000, site: options.siteIdleTimeoutMs ?? 5000 },
    answerHeaders: {
      platform: { 'X-Content-Type-Options': 'nosniff', 'X-Frame-Options': 'SAMEORIGIN' },
      ownSite: { 'X-Content-Type-Options': 'nosniff' },
    },
    makeRequestId: () => 'made-here',
  };
  const app: ProxyAppOptions = {
    parts,
    log: silentLog,
    metrics: createMetrics({ service: 'web-proxy' }),
    clock: systemClock,
    health: { report: () => ({ ok: true }), isDraining: () => false },
  };
  const listenWith = (handle: RequestListener) =>
    openListener(handle, {
      host: '127.0.0.1',
      port: 0,
      headersTimeoutMs: 5000,
      requestTimeoutMs: 10_000,
      maxConnectionsPerAddress: 100,
    });
  const platform = await listenWith(createProxyApp(app));
  platform.server.on('upgrade', (request, socket, head) => void proxyUpgrade(request, socket, head, parts));
  return { platform, sites: await listenWith(createProxyApp(app, 'sites')) };
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
        const { platform, sites } = await startProxy(options);
        for (const each of [platform, sites]) closers.push(() => each.drain({ streamMs: 0, waitMs: 50 }));
        return { url: `http://127.0.0.1:${platform.port}`, listener: platform, sitesPort: sites.port };
      },
    });
    for (const close of closers.reverse()) await close();
  },
});
