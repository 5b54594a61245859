import express from 'express';
import type { ErrorRequestHandler, Express } from 'express';
import type { Log } from '@switchyard/telemetry';
import { ApiError } from '../api-error.ts';
import { createPredictionRouter } from './prediction-router.ts';
import type { PredictionBook } from '../prediction-book.ts';
import type { PredictionRouterParts } from './prediction-router.ts';

export interface PredictAppParts extends Omit<PredictionRouterParts, 'bookOf'> {
  /** `/predictions` or `/procedures`. */
  readonly path: string;
  readonly predictions: PredictionBook;
  readonly version: string;
  /** The body of `GET /health-check`. */
  health(): Promise<unknown>;
  /** The OpenAPI document; undefined until the schema is known. */
  openapi(): unknown;
  /** Called at each `POST /shutdown`, which was answered by then. */
  shutDown(): void;
  readonly log: Log;
}

/** Everything that one server answers (06 §1): the same for one predictor and for many, which differ in where predictions live. */
export function createPredictApp(parts: PredictAppParts): Express {
  const { path } = parts;
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.set('query parser', 'simple');
  app.get('/', (_req, res) => {
    res.json({
      version: parts.version,
      docs_url: '/docs',
      openapi_url: '/openapi.json',
      healthcheck_url: '/health-check',
      [`${path.slice(1)}_url`]: path,
      [`${path.slice(1)}_idempotent_url`]: `${path}/{id}`,
      [`${path.slice(1)}_cancel_url`]: `${path}/{id}/cancel`,
      shutdown_url: '/shutdown',
    });
  });
  app.get('/health-check', async (_req, res) => void res.json(await parts.health()));
  app.get('/openapi.json', (_req, res) => {
    const document = parts.openapi();
    if (document === undefined) throw new ApiError(503, 'schema not available');
    res.json(document);
  });
  app.get('/docs', (_req, res) => {
    res.type('text/plain').send(`POST ${path} with {"input": {...}}. The schema is at /openapi.json.\n`);
  });
  app.post('/shutdown', (_req, res) => {
    res.once('finish', () => parts.shutDown());
    res.json({});
  });
  app.use(path, createPredictionRouter({ ...parts, bookOf: () => parts.predictions }));
  app.use(() => {
    throw new ApiError(404, 'not found');
  });
  app.use(createAnswerError(parts.log));
  return app;
}

/** Errors in the shape of this API. What is none of ours shows nothing of itself. */
export function createAnswerError(log: Log): ErrorRequestHandler {
  return (thrown: unknown, req, res, next) => {
    if (res.headersSent) return next(thrown);
    const error = thrown instanceof ApiError ? thrown : translated(thrown);
    if (error === undefined) {
      log.error('request failed', { method: req.method, path: req.path, error: thrown });
      res.status(500).json({ error: 'internal error', detail: null });
      return;
    }
    if (error.status === 503) res.setHeader('Retry-After', '1');
    res.status(error.status).json(error.body);
  };
}

/** Of body-parser and express's router, by their documented `type` and `status`. */
function translated(thrown: unknown): ApiError | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  const { type, status, message } = thrown as { type?: unknown; status?: unknown; message?: unknown };
  const detail = String(message).slice(0, 200);
  switch (type) {
    case 'entity.parse.failed':
      return new ApiError(400, 'invalid JSON', detail);
    case 'entity.too.large':
      return new ApiError(413, 'request body too large', detail);
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return new ApiError(415, 'invalid content type', detail);
    default:
      return status === 400 ? new ApiError(400, 'invalid request', detail) : undefined;
  }
}
