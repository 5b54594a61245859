import express from 'express';
import type { Express, NextFunction, Request, RequestHandler, Response } from 'express';
import type { z } from 'zod';
import { PlatformError } from '@switchyard/kernel';
import { HEADER, QUERY } from '@switchyard/protocol';
import type { RouteDescription } from '@switchyard/protocol';
import { isAudited } from './audit-mark.ts';
import { readInput } from './read-input.ts';

export interface RouteInput<P, Q, B> {
  params: P;
  query: Q;
  body: B;
  req: Request;
  res: Response;
}

/** One row of a service's table, as `openapi.json` shows it and `mountRoutes` mounts it. Paths in express form (`/:cid`). */
export interface Route extends RouteDescription {
  /** Ids in the path: one that does not fit is 404, as an unknown one is. */
  params?: z.ZodType;
  /** The handler reads the request itself (multipart, proxies); `body` then only describes it. */
  readsBody?: boolean;
  /** Called so often that the walk over all routes counts: `answerDirectly` finds it by its path. */
  isDirect?: boolean;
  handler: RequestHandler;
}

export interface RouteDefinition<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> extends Omit<
  Route,
  'handler'
> {
  params?: P;
  /** 400 naming the field. */
  query?: Q;
  /** JSON body, parsed and checked before the handler unless `readsBody`. */
  body?: B;
  /** `guard` is a description: the handler checks. One that writes for admins runs its change in `createAudited`. What it returns is sent as JSON; having answered itself, it returns undefined. */
  handle(input: RouteInput<z.output<P>, z.output<Q>, z.output<B>>): unknown;
}

export function defineRoute<
  P extends z.ZodType = z.ZodUnknown,
  Q extends z.ZodType = z.ZodUnknown,
  B extends z.ZodType = z.ZodUnknown,
>(definition: RouteDefinition<P, Q, B>): Route {
  const { handle, ...row } = definition;
  const handler = async (req: Request, res: Response) => {
    const input = readInput(req, row) as { params: z.output<P>; query: z.output<Q>; body: z.output<B> };
    const answer = await handle({ ...input, req, res });
    // Not answered as done: whoever writes such a route finds out at its first call, not when somebody asks who it was.
    if (row.guard === 'admin' && row.method !== 'get' && !isAudited(res))
      throw new Error(`an admin's write without an audit entry: ${row.method} ${row.path}`);
    if (answer !== undefined && !res.headersSent) res.json(answer);
  };
  return { ...row, handler };
}

/** Mounts the table; then, for each of its paths, 405 with `Allow` for every other method. */
export function mountRoutes(app: Express, routes: readonly Route[], readBody: RequestHandler[]): void {
  for (const route of routes) {
    const before = hasJsonBody(route) ? readBody : [];
    app[route.method](route.path, ...before, route.handler);
  }
  const methodsOf = new Map<string, Set<string>>();
  for (const { path, method } of routes)
    methodsOf.set(path, (methodsOf.get(path) ?? new Set()).add(method.toUpperCase()));
  for (const [path, methods] of methodsOf) app.all(path, answerOtherMethods(methods));
}

/** Whether its JSON body is read before the handler. */
export function hasJsonBody({ body, readsBody }: Pick<Route, 'body' | 'readsBody'>): boolean {
  return body !== undefined && readsBody !== true;
}

/** What puts a JSON body into `req.body`. */
export function bodyHandlers(limitBytes: number): RequestHandler[] {
  const parseJson = express.json({
    limit: limitBytes,
    type: ['application/json', 'application/*+json'],
    strict: false,
  });
  return [refuseTooLarge(limitBytes), parseJson];
}

/** Refuses by the announced length, before a byte of the body is kept. */
function refuseTooLarge(limitBytes: number): RequestHandler {
  return (req: Request, _res: Response, next: NextFunction) => {
    if (Number(req.headers['content-length'] ?? 0) <= limitBytes) return next();
    req.resume();
    throw PlatformError.of('TOO_LARGE', 'The body is too large.', { details: { limit_bytes: limitBytes } });
  };
}

function answerOtherMethods(methods: ReadonlySet<string>): RequestHandler {
  const allow = [...methods, ...(methods.has('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', ');
  return (req, res) => {
    res.setHeader('Allow', allow);
    // The page of a widget asks from an origin that is nobody's; what it brings in place of cookies is its ticket.
    if (req.method === 'OPTIONS' && QUERY.widgetTicket in req.query) {
      res.setHeader('Access-Control-Allow-Origin', '*');
      res.setHeader('Access-Control-Allow-Methods', allow);
      res.setHeader('Access-Control-Allow-Headers', `content-type, ${HEADER.idempotencyKey}`);
    }
    if (req.method !== 'OPTIONS') throw PlatformError.of('METHOD_NOT_ALLOWED');
    res.status(204).end();
  };
}
