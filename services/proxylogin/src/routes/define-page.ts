import { urlencoded } from 'express';
import type { Request, Response } from 'express';
import { defineRoute, logAccessRefusal, requestIdOf, sendError } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { PlatformError } from '@switchyard/kernel';
import { toRedisError } from '@switchyard/redis';
import type { Log } from '@switchyard/telemetry';
import type { z } from 'zod';
import { renderPage } from '../pages/layout.ts';
import type { AssetPaths, PageContent } from '../pages/layout.ts';
import { problemPage } from '../pages/problem-page.ts';
import { requireOwnOrigin } from './own-origin.ts';

/** What a page answers: itself, or where to go. */
export type PageAnswer =
  | {
      readonly page: PageContent;
      readonly status?: number;
      readonly retryAfterSec?: number | undefined;
      /** What was refused, for who asks for JSON. */
      readonly error?: PlatformError;
    }
  | { readonly to: string };

export interface PageFrame {
  readonly assets: AssetPaths;
  readonly publicUrl: string;
  readonly log: Log;
  /** Where forms may lead besides here: an issuer, for signing out there. */
  readonly formTargets: () => readonly string[];
}

export interface PageDefinition<Q extends z.ZodType, F extends z.ZodType> {
  method: 'get' | 'post';
  path: string;
  summary: string;
  guard: 'none' | 'user';
  query: Q;
  /** Fields of the form of a `post`. */
  form: F;
  handle(input: PageInput<z.output<Q>, z.output<F>>): Promise<PageAnswer>;
}

export interface PageInput<Q, F> {
  query: Q;
  form: F;
  req: Request;
  res: Response;
}

const readForm = urlencoded({ extended: false, limit: 16_384, parameterLimit: 16 });

const policyOf = (formTargets: readonly string[]): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self'",
    `form-action ${["'self'", ...formTargets].join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

/** A route that answers with a page, also when something is wrong. A `post` must come from a page of ours. */
export function definePage<Q extends z.ZodType, F extends z.ZodType>(
  definition: PageDefinition<Q, F>,
  frame: PageFrame,
): Route {
  const { handle, query: querySchema, form: formSchema, ...row } = definition;
  const send = (req: Request, res: Response, answer: PageAnswer): void => {
    res.setHeader('Content-Security-Policy', policyOf(frame.formTargets()));
    // `no-referrer` would make the origin of our own forms `null`.
    res.setHeader('Referrer-Policy', 'same-origin');
    if ('to' in answer) return res.redirect(303, answer.to);
    if (answer.error !== undefined && req.accepts(['html', 'json']) === 'json')
      return sendError(res, answer.error);
    if (answer.retryAfterSec !== undefined) res.setHeader('Retry-After', String(answer.retryAfterSec));
    res
      .status(answer.status ?? 200)
      .type('html')
      .send(renderPage(answer.page, frame.assets));
  };
  return defineRoute({
    ...row,
    tag: 'sign-in',
    produces: 'text/html',
    ...(definition.method === 'post' ? { body: formSchema, readsBody: true } : { query: querySchema }),
    handle: async ({ req, res }) => {
      try {
        if (definition.method === 'post') requireOwnOrigin(req, frame.publicUrl);
        const input = await readPage(req, res, definition);
        send(req, res, await handle({ ...input, req, res }));
      } catch (error) {
        logAccessRefusal(frame.log, error, { req, res });
        send(req, res, refusal(error, frame.log, res));
      }
    },
  });
}

async function readPage<Q extends z.ZodType, F extends z.ZodType>(
  req: Request,
  res: Response,
  { method, query, form }: PageDefinition<Q, F>,
): Promise<{ query: z.output<Q>; form: z.output<F> }> {
  if (method === 'post') await readBody(req, res);
  const [asked, sent] = [query.safeParse(req.query), form.safeParse(method === 'post' ? req.body : {})];
  if (!asked.success || !sent.success) throw PlatformError.of('INVALID_REQUEST');
  return { query: asked.data, form: sent.data };
}

function readBody(req: Request, res: Response): Promise<void> {
  return new Promise((resolve, reject) =>
    readForm(req, res, (error?: unknown) => {
      if (error === undefined) return resolve();
      reject(PlatformError.of('INVALID_REQUEST', undefined, { cause: error }));
    }),
  );
}

function refusal(thrown: unknown, log: Log, res: Response): PageAnswer {
  const known = thrown instanceof PlatformError ? thrown : toRedisError(thrown);
  const error =
    known instanceof PlatformError ? known : PlatformError.of('INTERNAL', undefined, { cause: known });
  if (error.status >= 500) log.error('page failed', { request_id: requestIdOf(res), error });
  const isLater = error.status === 429 || error.status === 503;
  return {
    page: problemPage(error),
    error,
    status: error.status,
    retryAfterSec: isLater ? (error.retryAfterSec ?? 1) : undefined,
  };
}
