import express from 'express';
import type { Express, NextFunction, Request, RequestHandler, Response } from 'express';
import type { z } from 'zod';
import { PlatformError } from '@switchyard/kernel';
import { readInput } from './read-input.ts';

export type HttpMethod = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** What one answer of a route is, for the catalog: a schema for JSON, a media type for anything else. */
export interface RouteAnswer {
  description: string;
  schema?: z.ZodType;
  contentType?: string;
}

export interface RouteInput<P, Q, B> {
  params: P;
  query: Q;
  body: B;
  req: Request;
  res: Response;
}

/** One row of a service's table. Paths are written as express does (`/:cid`). */
export interface RouteDefinition<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  method: HttpMethod;
  path: string;
  summary: string;
  tag: string;
  /** Who may call, in words; checked by the handler. */
  guard?: string;
  /** Ids in the path: one that does not fit is 404, as an unknown one is. */
  params?: P;
  /** 400 naming the field. */
  query?: Q;
  /** JSON body, parsed and checked before the handler. Without it the handler reads the request itself. */
  body?: B;
  /** For handlers that read the request themselves: what they take, for the catalog. */
  accepts?: { schema: z.ZodType; contentTypes: readonly string[] };
  answers: Readonly<Record<number, RouteAnswer>>;
  /** What it returns is sent as JSON; a handler that wrote an answer itself returns undefined. */
  handle(input: RouteInput<z.output<P>, z.output<Q>, z.output<B>>): unknown;
}

/** A row with its types forgotten: what a table holds. */
export interface Route {
  method: HttpMethod;
  path: string;
  summary: string;
  tag: string;
  guard?: string;
  params?: z.ZodType;
  query?: z.ZodType;
  body?: z.ZodType;
  accepts?: { schema: z.ZodType; contentTypes: readonly string[] };
  answers: Readonly<Record<number, RouteAnswer>>;
  handler: RequestHandler;
}

export function defineRoute<P extends z.ZodType = z.ZodUnknown, Q extends z.ZodType = z.ZodUnknown, B extends z.ZodType = z.ZodUnknown>(
  definition: RouteDefinition<P, Q, B>,
): Route {
  const { handle, ...row } = definition;
  const handler = async (req: Request, res: Response) => {
    const input = readInput(req, row) as { params: z.output<P>; query: z.output<Q>; body: z.output<B> };
    const answer = await handle({ ...input, req, res });
    if (answer !== undefined && !res.headersSent) res.json(answer);
  };
  return { ...row, handler } as Route;
}

/** Mounts the table; then, for each of its paths, 405 with `Allow` for every other method. */
export function mountRoutes(app: Express, routes: readonly Route[], bodyLimit: number): void {
  const parseJson = express.json({ limit: bodyLimit, type: ['application/json', 'application/*+json'], strict: false });
  for (const route of routes) {
    const before: RequestHandler[] = route.body === undefined ? [] : [refuseTooLarge(bodyLimit), parseJson];
    app[route.method](route.path, ...before, route.handler);
  }
  const methodsOf = new Map<string, Set<string>>();
  for (const { path, method } of routes) methodsOf.set(path, (methodsOf.get(path) ?? new Set()).add(method.toUpperCase()));
  for (const [path, methods] of methodsOf) app.all(path, answerOtherMethods(methods));
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
    if (req.method !== 'OPTIONS') throw PlatformError.of('METHOD_NOT_ALLOWED');
    res.status(204).end();
  };
}
