import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { PlatformError, toErrorBody } from '@switchyard/kernel';
import type { Log } from '@switchyard/telemetry';
import { logAccessRefusal } from './access-refusal.ts';
import { pathForLog, requestIdOf } from './request-context.ts';

/** Writes an error in the shape of 03 §1. Does nothing when an answer has begun: there is no second status line. */
export function sendError(res: Response, error: unknown): void {
  if (res.headersSent) {
    res.destroy();
    return;
  }
  const { status, body, retryAfterSec } = toErrorBody(error, requestIdOf(res));
  if (retryAfterSec !== undefined) res.setHeader('Retry-After', String(Math.ceil(retryAfterSec)));
  res.status(status).json(body);
}

/**
 * The last handler of every app. What we did not throw ourselves is INTERNAL, and the log alone hears what it was; `translate` knows
 * the errors of libraries that are not this room's.
 */
export function createErrorHandler(
  log: Log,
  translate: (error: unknown) => unknown = (error) => error,
): ErrorRequestHandler {
  return (thrown: unknown, req, res, next) => {
    const error = translateLibraryError(thrown instanceof PlatformError ? thrown : translate(thrown));
    if (error === undefined) {
      // The client went away in mid-request: nobody is there to answer.
      res.destroy();
      return;
    }
    logAccessRefusal(log, error, { req, res });
    if (!(error instanceof PlatformError) || error.status >= 500) {
      const fields = { request_id: requestIdOf(res), method: req.method, path: pathForLog(req.path), error };
      if (error instanceof PlatformError && error.status === 503) log.warn('request refused', fields);
      else log.error('request failed', fields);
    }
    if (res.headersSent && !res.destroyed) return next(error);
    sendError(res, error);
  };
}

/** 404 for what no route matched, in the same shape. */
export const answerNotFound: RequestHandler = () => {
  throw PlatformError.of('NOT_FOUND');
};

/** Errors of body-parser and of express's router, by their documented `type` and `status`; `undefined` = request aborted. */
export function translateLibraryError(thrown: unknown): unknown {
  if (thrown instanceof PlatformError || typeof thrown !== 'object' || thrown === null) return thrown;
  const { type, status, message } = thrown as { type?: unknown; status?: unknown; message?: unknown };
  switch (type) {
    case 'entity.parse.failed':
      return invalidJson(String(message));
    case 'entity.too.large':
      return PlatformError.of('TOO_LARGE', 'The body is too large.', { details: limitOf(thrown) });
    case 'encoding.unsupported':
    case 'charset.unsupported':
      return PlatformError.of('UNSUPPORTED_MEDIA_TYPE', 'The encoding of the body is not supported.');
    case 'request.size.invalid':
    case 'stream.encoding.set':
      return PlatformError.of(
        'INVALID_REQUEST',
        'The body does not have the length that the request announced.',
      );
    case 'request.aborted':
      return undefined;
    default:
      // The router throws URIError-like errors with status 400 for a path that does not decode.
      return status === 400
        ? PlatformError.of('INVALID_REQUEST', 'The request path or body cannot be decoded.')
        : thrown;
  }
}

/** `message`: what `JSON.parse` said. */
export function invalidJson(message: string): PlatformError {
  return PlatformError.of('INVALID_JSON', `The body is not valid JSON: ${message.slice(0, 160)}`, {
    details: { field: 'body' },
  });
}

function limitOf(error: object): Record<string, unknown> {
  return 'limit' in error && typeof error.limit === 'number' ? { limit_bytes: error.limit } : {};
}
