import { createServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@switchyard/kernel';
import { createMetrics, silentLog } from '@switchyard/telemetry';
import { test } from 'vitest';
import { createProxyApp } from '../src/create-proxy-app.ts';
import { createForwarder } from '../src/forwarder.ts';
import { openListener } from '../src/open-listener.ts';
import type { Listener } from '../src/open-listener.ts';
import { proxyUpgrade } from '../src/proxy-request.ts';
import type { ProxyParts } from '../src/proxy-request.ts';
import { DEFAULT_CARRIERS } from '../src/read-carriers.ts';

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
  start(options: StartOptions): Promise<{ url: string; listener: Listener }>;
  upstream(handle: RequestListener): Promise<RunningUpstream>;
}

interface StartOptions {
  readonly targets?: Partial<ProxyParts['targets']>;
  readonly unmask?: ProxyParts['unmask'];
  readonly maxBodyBytes?: number;
  readonly idleTimeoutMs?: number;
}

/** Port 9 (discard) answers nobody on any machine of ours. */
const NOBODY = 'http://127.0.0.1:9';

const startProxy = async (options: StartOptions): Promise<Listener> => {
  const forwarder = createForwarder({
    connectTimeoutMs: 1000,
    idleTimeoutMs: options.idleTimeoutMs ?? 5000,
    answerHeaders: { 'X-Content-Type-Options': 'nosniff', 'X-Frame-Options': 'SAMEORIGIN' },
  });
  const parts: ProxyParts = {
    forwarder,
    targets: { ingress: NOBODY, proc: NOBODY, ui: NOBODY, login: undefined, ...options.targets },
    unmask: options.unmask ?? (() => Promise.resolve(undefined)),
    carriers: DEFAULT_CARRIERS,
    publicOrigin: undefined,
    maxBodyBytes: options.maxBodyBytes ?? 1024 * 1024,
    makeRequestId: () => 'made-here',
  };
  const app = createProxyApp({
    parts,
    log: silentLog,
    metrics: createMetrics({ service: 'web-proxy' }),
    clock: systemClock,
    health: { report: () => ({ ok: true }), isDraining: () => false },
  });
  const listener = await openListener(app, {
    host: '127.0.0.1',
    port: 0,
    headersTimeoutMs: 5000,
    requestTimeoutMs: 10_000,
    maxConnectionsPerAddress: 100,
  });
  listener.server.on('upgrade', (request, socket, head) => void proxyUpgrade(request, socket, head, parts));
  return listener;
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
        const listener = await startProxy(options);
        closers.push(() => listener.drain({ streamMs: 0, waitMs: 50 }));
        return { url: `http://127.0.0.1:${listener.port}`, listener };
      },
    });
    for (const close of closers.reverse()) await close();
  },
});
