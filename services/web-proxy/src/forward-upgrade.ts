import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import httpProxy from 'http-proxy';
import { cleanAnswerHeaders, cleanUpgradeAnswer } from './clean-headers.ts';
import type { UpstreamPool } from './upstream-pool.ts';

export interface UpgradeTarget {
  readonly upstreams: UpstreamPool;
  /** Path and query for the upstream, sent as they are. */
  readonly path: string;
}

/** Sends a WebSocket on; its headers are already clean. */
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer, to: UpgradeTarget) => void;

export interface UpgradeOptions {
  readonly connectTimeoutMs: number;
  /** Longest silence before a WebSocket is answered. */
  readonly upgradeTimeoutMs: number;
}

const UPSTREAM_AWAY =
  'HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';

/** http-proxy ends the client's socket with an error, so a WebSocket goes to one address and is not sent again. */
export const createUpgrade = ({ connectTimeoutMs, upgradeTimeoutMs }: UpgradeOptions): Upgrade => {
  const proxy = httpProxy.createProxyServer({ xfwd: false, connectTimeout: connectTimeoutMs });
  const paths = new WeakMap<IncomingMessage, string>();
  proxy.on('error', () => {}); // each has its own callback
  // These are heard before http-proxy's own, which write the answer on.
  proxy.on('proxyReqWs', (upstream, request) => {
    upstream.path = paths.get(request) ?? '/';
    upstream.setTimeout(upgradeTimeoutMs, () => upstream.destroy(new Error('the upgrade was not answered')));
    upstream.once('upgrade', (answer) => cleanUpgradeAnswer(answer.headers));
    upstream.once('response', (answer) => cleanAnswerHeaders(answer.headers));
  });
  return (request, socket, head, { upstreams, path }) => {
    const lease = upstreams.take();
    if (lease === undefined) return void socket.end(UPSTREAM_AWAY);
    socket.once('close', lease.release);
    paths.set(request, path);
    proxy.ws(request, socket, head, { target: lease.target, agent: false }, (error) => {
      if ('code' in error && error.code === 'ECONNREFUSED') lease.reportDown();
      if (!socket.destroyed) socket.end(UPSTREAM_AWAY);
    });
  };
};
