import express from 'express';
import type { Request, RequestHandler, Response, Router } from 'express';
import { ApiError } from '../api-error.ts';
import { isPredictionId } from '../prediction-id.ts';
import type { PredictConfig } from '../predict-config.ts';
import { readPredictionRequest } from '../prediction-request.ts';
import type { PredictionRequest } from '../prediction-request.ts';
import type { PredictionView } from '../prediction-view.ts';
import type { PredictorSource } from '../predictor-source.ts';
import type { PredictionBook, ShownPrediction, TraceHeaders } from '../prediction-book.ts';
import { streamPrediction } from './stream-prediction.ts';
import { refuseMisfits } from './strict-input.ts';

export interface PredictionRouterParts {
  /** Where this request looks for predictions and makes them. */
  bookOf(req: Request, res: Response): PredictionBook;
  readonly config: Pick<PredictConfig, 'maxBodyBytes' | 'cancelsOnDisconnect' | 'isStrict'>;
  /** Who runs this request. Throws ApiError: 400 where it does not say, 503 where it is not ready. */
  sourceOf(request: PredictionRequest, res: Response): PredictorSource;
}

/** Making, looking at and canceling predictions, with refusals in the order of 06 §2. */
export function createPredictionRouter(parts: PredictionRouterParts): Router {
  const { config, bookOf } = parts;
  const router = express.Router({ mergeParams: true });
  const readBody = express.json({ limit: config.maxBodyBytes, type: () => true, strict: false });
  const before: RequestHandler[] = [
    (req, res, next) => {
      if (bookOf(req, res).isDraining) throw new ApiError(503, 'server shutting down');
      if (!isJson(req)) throw new ApiError(415, 'invalid content type', 'application/json is needed');
      next();
    },
    readBody,
  ];
  router.post('/', ...before, (req, res) => create(parts, req, res));
  router.put('/:id', ...before, (req, res) => {
    const id = String(req.params['id']);
    if (!isPredictionId(id))
      throw new ApiError(400, 'invalid request', 'id: letters, digits and ._@-, up to 128 of them');
    return create(parts, req, res, id);
  });
  router.get('/:id', async (req, res) => {
    const { id } = req.params;
    const found = isPredictionId(id) ? await bookOf(req, res).find(id, wantsStream(req)) : undefined;
    if (found === undefined) throw new ApiError(404, 'not found');
    if (wantsStream(req)) return streamPrediction(req, res, found);
    res.json(found.view());
    return undefined;
  });
  router.post('/:id/cancel', async (req, res) => {
    const { id } = req.params;
    if (!isPredictionId(id) || !(await bookOf(req, res).cancel(id))) throw new ApiError(404, 'not found');
    res.json({});
  });
  return router;
}

async function create(parts: PredictionRouterParts, req: Request, res: Response, id?: string): Promise<void> {
  const { config } = parts;
  const book = parts.bookOf(req, res);
  const request = readPredictionRequest(req.body, id);
  const { input } = request;
  if (input !== undefined && input !== null && (typeof input !== 'object' || Array.isArray(input)))
    throw new ApiError(400, 'input is not an object');
  const known = request.id === undefined ? undefined : await book.find(request.id, wantsStream(req));
  if (known !== undefined) return answerKnown(req, res, known);
  const source = parts.sourceOf(request, res);
  if (config.isStrict) refuseMisfits(source.schemas, input ?? {});
  const options = { trace: traceOf(req), isDetached: isAsync(req) };
  const { prediction, isNew } = await book.create(request, source, options);
  // Somebody else's was a moment earlier.
  if (!isNew) return answerKnown(req, res, prediction);
  if (wantsStream(req)) return streamPrediction(req, res, prediction, cancelOnLeave(parts, req));
  if (isAsync(req)) {
    const { id: made, status, input: shown, created_at, started_at } = prediction.view();
    res.status(202).json({ id: made, status, input: shown, created_at, started_at });
    return undefined;
  }
  return answerWhenOver(res, prediction, cancelOnLeave(parts, req));
}

/** The same request once more starts nothing: a running one is told as it stands, a finished one with its result. */
function answerKnown(req: Request, res: Response, known: ShownPrediction): Promise<void> | void {
  if (wantsStream(req)) return streamPrediction(req, res, known);
  res.status(known.isFinished ? 200 : 202).json(known.view());
}

async function answerWhenOver(res: Response, prediction: ShownPrediction, cancels: boolean): Promise<void> {
  const { promise: left, resolve } = Promise.withResolvers<undefined>();
  res.once('close', () => resolve(undefined));
  const view: PredictionView | undefined = await Promise.race([prediction.finished, left]);
  if (view !== undefined) res.json(view);
  else if (cancels) prediction.cancel();
}

/** A detached prediction goes on without its client. */
function cancelOnLeave({ config }: PredictionRouterParts, req: Request): boolean {
  return config.cancelsOnDisconnect && !isAsync(req);
}

function isJson(req: Request): boolean {
  return /^application\/json\s*(;|$)/iu.test(req.headers['content-type'] ?? '');
}

function isAsync(req: Request): boolean {
  return String(req.headers['prefer'] ?? '')
    .split(',')
    .some((one) => one.trim().toLowerCase() === 'respond-async');
}

function wantsStream(req: Request): boolean {
  return (req.headers.accept ?? '')
    .split(',')
    .some((one) => one.trim().toLowerCase().startsWith('text/event-stream'));
}

function traceOf(req: Request): TraceHeaders {
  const names = ['traceparent', 'tracestate'] as const;
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = req.headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}
