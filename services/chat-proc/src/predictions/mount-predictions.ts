import type { Admission } from '@switchyard/admission';
import { checkInput, defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import { createAnswerError, createPredictionRouter, readContext } from '@switchyard/predict';
import type { PredictionBook } from '@switchyard/predict';
import { idSchema } from '@switchyard/protocol';
import { PROCEDURES } from '@switchyard/store';
import type { AuditLog } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import type { Guards } from '../caller-of.ts';
import type { ProcConfig } from '../env.ts';
import type { BundleInvoker } from '../invocations/invoke-bundle.ts';
import { countedAs } from '../operations/counted-as.ts';
import { requireUse } from '../operations/may-use.ts';
import { callIdentity } from '../operations/user-of.ts';
import type { OpenedPredictions } from './open-predictions.ts';
import { viewOf } from './prediction-view.ts';

export interface PredictionRouteParts extends Pick<OpenedPredictions, 'predictions' | 'rows' | 'procedures'> {
  readonly guards: Guards;
  readonly admission: Pick<Admission, 'admit'>;
  readonly invoker: Pick<BundleInvoker, 'hold'>;
  readonly auditLog: Pick<AuditLog, 'record'>;
  readonly config: ProcConfig;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

const PATH = '/api/integrations/bundles/:tenant/:project/:bundle/predictions';
const paramsSchema = z.object({ tenant: idSchema, project: idSchema, bundle: idSchema });
export const listQuery = z.object({
  status: z.enum(['starting', 'processing', 'succeeded', 'failed', 'canceled']).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
const WHOEVER_SIGNED_IN = { route: 'operations', roles: [] } as const;

/**
 * The predictions of each bundle (06 §7): Cog's surface behind the platform's sign-in and limits. What the platform refuses has its shape,
 * what the surface refuses has that of the surface.
 */
export function mountPredictions(app: Express, parts: PredictionRouteParts): void {
  const { config, log } = parts;
  const books = new WeakMap<Request, PredictionBook>();
  const enter: RequestHandler = async (req, res, next) => {
    books.set(req, await bookFor(parts, req, res));
    next();
  };
  const router = createPredictionRouter({
    config: {
      maxBodyBytes: config.predictionBody,
      cancelsOnDisconnect: !config.predictionKeepAbandoned,
      isStrict: false,
    },
    bookOf: (req: Request) => {
      const book = books.get(req);
      if (book === undefined) throw PlatformError.of('NOT_FOUND');
      return book;
    },
    // Who runs it is the book's to say.
    sourceOf({ context }) {
      readContext(context);
      return { schemas: undefined, claim: () => NEVER_CLAIMED };
    },
  });
  const list: RequestHandler = async (req, res) => {
    const { userId } = await parts.guards.session(req, res);
    const { bundle } = scopedParams(parts, req);
    const { status, limit } = checkInput(listQuery, req.query, 'query');
    const found = await parts.rows.list(bundle, { userId, status }, limit);
    res.json({ predictions: found.map(viewOf) });
  };
  const answerError = createAnswerError(log);
  const onError: ErrorRequestHandler = (error: unknown, req, res, next) =>
    error instanceof PlatformError ? next(error) : answerError(error, req, res, next);
  // No row of the table: there a path with one method refuses the others, which are the router's.
  app.get(PATH, list);
  app.use(PATH, enter, router, onError);
}

const NEVER_CLAIMED = {
  acquire: () => Promise.reject(new Error('predictions of the platform are run by their book')),
  release: () => undefined,
};

async function bookFor(parts: PredictionRouteParts, req: Request, res: Response): Promise<PredictionBook> {
  const { guards, admission, invoker, predictions } = parts;
  const caller = await guards.session(req, res);
  const { bundle: bundleId } = scopedParams(parts, req);
  requireUse(WHOEVER_SIGNED_IN, caller);
  const makes = req.method === 'PUT' || (req.method === 'POST' && req.path === '/');
  if (makes) await admission.admit(countedAs(caller, req.ip), req.ip);
  const { user, sessionId } = callIdentity(caller);
  return predictions.bookFor({ bundleId, user, sessionId }, async () => {
    const hold = await invoker.hold(bundleId);
    if (hold.manifest.predict !== undefined) return hold;
    hold.release();
    throw PlatformError.of('NOT_FOUND', 'This bundle has no predictor.');
  });
}

function scopedParams({ guards }: PredictionRouteParts, req: Request): z.output<typeof paramsSchema> {
  const params = paramsSchema.safeParse(req.params);
  if (!params.success) throw PlatformError.of('NOT_FOUND');
  guards.scope(params.data);
  return params.data;
}

const listAnswer = z.object({ predictions: z.array(z.looseObject({ id: z.string(), status: z.string() })) });

/** For admins: those of all users. */
export function createPredictionListRoutes({ guards, rows }: PredictionRouteParts): Route[] {
  const shared = {
    method: 'get',
    tag: 'administration',
    guard: 'admin',
    query: listQuery,
    answer: listAnswer,
  } as const;
  const listOf = async (bundle: string, { status, limit }: z.output<typeof listQuery>) => {
    const found = await rows.list(bundle, { status }, limit);
    const predictions = found.map((row) => {
      const { input: _input, output: _output, logs: _logs, ...shown } = viewOf(row);
      return {
        ...shown,
        user_id: row.user_id,
        version: row.version_id,
        is_async: row.is_async,
        attempt: row.attempt,
      };
    });
    return { predictions };
  };
  return [
    defineRoute({
      ...shared,
      path: '/admin/integrations/bundles/:bundle/predictions',
      summary: 'Predictions of a bundle, newest first, without what users sent and got',
      params: z.object({ bundle: idSchema }),
      async handle({ params: { bundle }, query, req, res }) {
        await guards.admin(req, res);
        return listOf(bundle, query);
      },
    }),
    defineRoute({
      ...shared,
      path: '/admin/integrations/procedures',
      summary: 'Predictions of procedures, newest first, without what users sent and got',
      async handle({ query, req, res }) {
        await guards.admin(req, res);
        return listOf(PROCEDURES, query);
      },
    }),
  ];
}
