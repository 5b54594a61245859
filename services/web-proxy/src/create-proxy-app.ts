import type { RequestListener } from 'node:http';
import type { Clock } from '@switchyard/kernel';
import { createHttpApp, requestIdOf } from '@switchyard/http';
import type { HealthSource } from '@switchyard/http';
import type { Log, Metrics } from '@switchyard/telemetry';
import { toRedisError } from '@switchyard/redis';
import { proxyRequest } from './proxy-request.ts';
import type { PortKind, ProxyParts } from './proxy-request.ts';

export interface ProxyAppOptions {
  readonly parts: ProxyParts;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Of the port that is the platform's. */
  readonly health: HealthSource;
}

/** Set by the shell for its own answers; on a forwarded one the service says what applies. */
const SHELL_ONLY = [
  'Content-Security-Policy',
  'Cross-Origin-Resource-Policy',
  'Cache-Control',
  'Referrer-Policy',
];

/**
 * On the platform's port `/health*` and `/metrics` are the proxy's own and every other path goes to the service that the routing table
 * names. On the port of sites every path is a site's.
 */
export const createProxyApp = (
  { parts, log, metrics, clock, health }: ProxyAppOptions,
  port: PortKind = 'platform',
): RequestListener =>
  createHttpApp({
    name: 'web-proxy',
    log,
    metrics,
    ...(port === 'platform' ? { health } : {}),
    clock,
    makeRequestId: parts.makeRequestId,
    translateError: toRedisError,
    // The proxy reads no body itself.
    bodyLimit: 0,
    mount: (app) => {
      app.use(async (request, response) => {
        const shell = SHELL_ONLY.map((name) => [name, response.getHeader(name)] as const);
        for (const [name] of shell) response.removeHeader(name);
        try {
          await proxyRequest(request, response, parts, { requestId: requestIdOf(response), port });
        } catch (error) {
          if (!response.headersSent) {
            for (const [name, value] of shell) if (value !== undefined) response.setHeader(name, value);
          }
          throw error;
        }
      });
    },
  });
