import express from 'express';
import type { Express } from 'express';
import type { Clock } from '@switchyard/kernel';
import { buildOpenApi } from '@switchyard/protocol';
import type { Log, Metrics } from '@switchyard/telemetry';
import { createDirectAnswers } from './answer-directly.ts';
import type { AnswerDirectly } from './answer-directly.ts';
import { createAppMessages } from './app-messages.ts';
import type { AppMessages } from './app-messages.ts';
import { createErrorHandler, answerNotFound } from './error-handler.ts';
import { createHealthRouter } from './health-routes.ts';
import type { HealthSource } from './health-routes.ts';
import { keepRequestId, observeRequests, setSecurityHeaders } from './request-context.ts';
import type { RequestStep } from './request-context.ts';
import { sayServerTiming } from './server-timing.ts';
import { bodyHandlers, mountRoutes } from './route-catalog.ts';
import type { Route } from './route-catalog.ts';

export interface HttpAppOptions {
  /** The service's name, as `/health` says it. */
  name: string;
  log: Log;
  metrics: Metrics;
  /** Without it `/health*` and `/metrics` are paths like any other. */
  health?: HealthSource;
  clock: Clock;
  /** Makes a request id where the caller sent none. */
  makeRequestId: () => string;
  /** Largest JSON body in bytes. */
  bodyLimit: number;
  /** With it every answer has `Server-Timing`; what this service calls its part. */
  timingPart?: string;
  /** States of a store that pass become 503 here, also where a handler speaks to its driver; everything else comes back as it is. */
  translateError?: (error: unknown) => unknown;
  /** The table that mounts handlers and makes `/openapi.json`. */
  routes?: readonly Route[];
  /** With it `/openapi.json` is served. */
  openapi?: { title: string; version: string };
  /** For what is not a table row (a proxy, an MCP transport). Called after the routes and before the 404. */
  mount?: (app: Express) => void;
}

/** The steps that every request takes before a route is looked for, in their order. */
function createRequestStart(app: Express, options: HttpAppOptions): RequestStep {
  const { makeRequestId, timingPart, log, metrics, clock } = options;
  const steps = [
    keepRequestId(makeRequestId),
    ...(timingPart === undefined ? [] : [sayServerTiming(app, timingPart, clock)]),
    observeRequests(log, metrics, clock),
    setSecurityHeaders,
  ];
  return (req, res) => {
    for (const step of steps) step(req, res);
  };
}

/**
 * The app shell of every service, in the one order that works: request id, headers, health, routes, 404, errors.
 * Handlers throw PlatformError; nothing else decides what an error looks like.
 */
export function createHttpApp(options: HttpAppOptions): Express {
  return createHttpService(options).app;
}

export interface HttpService {
  readonly app: Express;
  readonly answerDirectly: AnswerDirectly;
  /** For `listen`. */
  readonly messages: AppMessages;
}

/** The same, with a way around express for the routes that say `isDirect`: ask it first. */
export function createHttpService(options: HttpAppOptions): HttpService {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  // Whoever stands in front of us is on this machine or its private network; its X-Forwarded-For is believed, nobody else's.
  app.set('trust proxy', ['loopback', 'linklocal', 'uniquelocal']);
  const begin = createRequestStart(app, options);
  const onError = createErrorHandler(options.log, options.translateError);
  app.use((req, res, next) => {
    begin(req, res);
    next();
  });
  if (options.health !== undefined)
    app.use(createHealthRouter(options.name, options.health, options.metrics));
  const routes = options.routes ?? [];
  if (options.openapi !== undefined) {
    const document = buildOpenApi({ ...options.openapi, routes });
    app.get('/openapi.json', (_req, res) => void res.json(document));
  }
  const readBody = bodyHandlers(options.bodyLimit);
  mountRoutes(app, routes, readBody);
  options.mount?.(app);
  app.use(answerNotFound);
  app.use(onError);
  return {
    app,
    messages: createAppMessages(app),
    answerDirectly: createDirectAnswers({
      app,
      routes,
      begin,
      onError,
      readBody,
      bodyLimit: options.bodyLimit,
    }),
  };
}
