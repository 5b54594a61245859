import type { IncomingMessage, RequestListener } from 'node:http';
import type { Clock } from '@switchyard/kernel';
import { createHttpApp, isLoopback, readRequestId } from '@switchyard/http';
import type { HealthSource } from '@switchyard/http';
import type { Log, Metrics } from '@switchyard/telemetry';
import { toRedisError } from '@switchyard/redis';
import { createAnswerRules } from './answer-head.ts';
import type { PortKind, ProxyParts } from './proxy-parts.ts';
import { ProxiedRequest } from './proxy-request.ts';
import type { PortParts } from './proxy-request.ts';
import { createRequestJournal } from './request-journal.ts';
import { pathOf } from './route-table.ts';

export interface ProxyAppOptions {
  readonly parts: ProxyParts;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** Of the port that is the platform's. */
  readonly health: HealthSource;
}

const HEALTH = /^\/health(?:\/(?:live|ready))?\/?$/iu;
const METRICS = /^\/metrics\/?$/iu;

/** Numbers of the inside are for the inside: from another machine `/metrics` is a path like any other. */
const isOwn = (request: IncomingMessage): boolean => {
  const { method, url = '' } = request;
  if (method !== 'GET' && method !== 'HEAD') return false;
  const path = pathOf(url);
  return HEALTH.test(path) || (METRICS.test(path) && isLoopback(request));
};

/**
 * On the platform's port `/health*` and `/metrics` are the proxy's own and every other path goes to the service that the routing table
 * names. On the port of sites every path is a site's. The shell of all services answers what is our own; it does not stand in the way of what is
 * only passed on, where it cost as much as the passing.
 */
export const createProxyApp = (
  { parts, log, metrics, clock, health }: ProxyAppOptions,
  kind: PortKind = 'platform',
): RequestListener => {
  const { makeRequestId, carriers } = parts;
  const port: PortParts = {
    parts,
    kind,
    answerRules: createAnswerRules(parts.answerDefaults, [carriers.maskedCookie, ...carriers.tokenCookies]),
    journal: createRequestJournal(log, metrics, clock),
    translateError: toRedisError,
  };
  const pass: RequestListener = (request, response) => {
    const requestId = readRequestId(request.headers['x-request-id'], makeRequestId);
    new ProxiedRequest(request, response, requestId, port).start();
  };
  if (kind === 'sites') return pass;
  const shell = createHttpApp({
    name: 'web-proxy',
    log,
    metrics,
    health,
    clock,
    makeRequestId,
    // None of it has a body.
    bodyLimit: 0,
  });
  return (request, response) => {
    if (isOwn(request)) shell(request, response);
    else pass(request, response);
  };
};
