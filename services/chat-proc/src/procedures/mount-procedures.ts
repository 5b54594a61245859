import { checkInput, requestIdOf } from '@switchyard/http';
import { requireAnyRole } from '@switchyard/identity';
import type { Caller } from '@switchyard/identity';
import { PlatformError } from '@switchyard/kernel';
import {
  ApiError,
  PREDICT_VERSION,
  createAnswerError,
  createPredictionRouter,
  isoTime,
  nameOfSource,
  proceduresOpenApi,
  readProcedure,
} from '@switchyard/predict';
import type { PredictionBook } from '@switchyard/predict';
import type { BundleHold } from '@switchyard/registry';
import { PROCEDURES } from '@switchyard/store';
import type { ErrorRequestHandler, Express, Request, RequestHandler, Response } from 'express';
import { countedAs } from '../operations/counted-as.ts';
import { callIdentity } from '../operations/user-of.ts';
import type { NamedRequest } from '../predictions/make-recorded.ts';
import { listQuery } from '../predictions/mount-predictions.ts';
import type { PredictionRouteParts } from '../predictions/mount-predictions.ts';
import { viewOf } from '../predictions/prediction-view.ts';
import type { HeldProcedure, Procedures } from './open-procedures.ts';
import { SourceUnusable } from './source-unusable.ts';

const PATH = '/procedures';
/** Addresses beside those of predictions. */
const TAKEN_IDS = ['health-check', 'openapi.json'];
/** Of this machine nothing is named here: an address of a worker's folder says nothing to anybody else. */
const ALLOWS_FOLDERS = false;

/**
 * Procedures behind the platform's sign-in (06 §1): predictors that requests name by their source, for those with the role. Each call is in
 * the audit log, with who, the source and the hash of what lay there, before anything of it is a row.
 */
export function mountProcedures(app: Express, parts: PredictionRouteParts): void {
  const { procedures, config, log } = parts;
  if (procedures === undefined) return;
  const since = isoTime(parts.clock.now());
  const books = new WeakMap<Request, PredictionBook>();
  const enter: RequestHandler = async (req, res, next) => {
    books.set(req, await bookFor(parts, procedures, req, res));
    next();
  };
  const router = createPredictionRouter({
    config: {
      maxBodyBytes: config.predictionBody,
      cancelsOnDisconnect: !config.predictionKeepAbandoned,
      isStrict: false,
    },
    bookOf: (req) => {
      const book = books.get(req);
      if (book === undefined) throw PlatformError.of('NOT_FOUND');
      return book;
    },
    sourceOf(request) {
      readProcedure(request, ALLOWS_FOLDERS);
      if (request.id !== undefined && TAKEN_IDS.includes(request.id))
        throw new ApiError(400, 'invalid request', `id: ${TAKEN_IDS.join(' and ')} are taken`);
      return { schemas: undefined, claim: () => NEVER_CLAIMED };
    },
  });
  const answerError = createAnswerError(log);
  const onError: ErrorRequestHandler = (error: unknown, req, res, next) =>
    error instanceof PlatformError ? next(error) : answerError(error, req, res, next);
  app.get(PATH, async (req, res) => {
    const { userId } = await callerOf(parts, req, res);
    const { status, limit } = checkInput(listQuery, req.query, 'query');
    const found = await parts.rows.list(PROCEDURES, { userId, status }, limit);
    res.json({ predictions: found.map(viewOf) });
  });
  app.get(`${PATH}/health-check`, async (req, res) => {
    await callerOf(parts, req, res);
    const current = parts.predictions.proceduresTaken;
    res.json({
      status: procedures.isFull || current >= config.procedurePlaces ? 'BUSY' : 'READY',
      setup: { started_at: since, completed_at: since, status: 'succeeded', logs: '' },
      concurrency: { max: config.procedurePlaces, current },
      version: PREDICT_VERSION,
    });
  });
  app.get(`${PATH}/openapi.json`, async (req, res) => {
    await callerOf(parts, req, res);
    res.json(proceduresOpenApi(PREDICT_VERSION));
  });
  app.use(PATH, enter, router, onError);
}

const NEVER_CLAIMED = {
  acquire: () => Promise.reject(new Error('procedures of the platform are run by their book')),
  release: () => undefined,
};

async function callerOf(
  { guards, config }: PredictionRouteParts,
  req: Request,
  res: Response,
): Promise<Caller> {
  return requireAnyRole(await guards.session(req, res), config.procedureRoles);
}

async function bookFor(
  parts: PredictionRouteParts,
  procedures: Procedures,
  req: Request,
  res: Response,
): Promise<PredictionBook> {
  const caller = await callerOf(parts, req, res);
  const makes = req.method === 'PUT' || (req.method === 'POST' && req.path === '/');
  if (makes) await parts.admission.admit(countedAs(caller, req.ip), req.ip);
  const { user, sessionId } = callIdentity(caller);
  return parts.predictions.bookFor({ bundleId: PROCEDURES, user, sessionId }, (request, isDetached) =>
    holdAudited(parts, procedures, { caller, req, res }, request, isDetached),
  );
}

async function holdAudited(
  { auditLog }: PredictionRouteParts,
  procedures: Procedures,
  { caller, req, res }: { readonly caller: Caller; readonly req: Request; readonly res: Response },
  request: NamedRequest,
  isDetached: boolean,
): Promise<BundleHold> {
  const { url } = readProcedure(request, ALLOWS_FOLDERS);
  const source = nameOfSource(url);
  const note = (outcome: 'done' | 'refused', after: Readonly<Record<string, unknown>>): Promise<void> =>
    auditLog.record(
      {
        actorId: caller.userId,
        actorName: caller.username,
        action: 'procedure.run',
        target: source,
        address: req.ip,
        userAgent: req.get('user-agent'),
        requestId: requestIdOf(res),
      },
      outcome,
      { prediction_id: request.id, ...after },
    );
  let held: HeldProcedure;
  try {
    held = await procedures.hold(url, { mayWait: request.mayWait, isDetached });
  } catch (error) {
    if (error instanceof SourceUnusable) await note('refused', { error: error.message });
    throw error;
  }
  try {
    await note('done', { sha: held.sha });
    return held;
  } catch (error) {
    held.release();
    throw error;
  }
}
