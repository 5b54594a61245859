import express from 'express';
import type { Request, Response } from 'express';
import { PlatformError } from '@switchyard/kernel';

/** Reads a JSON body on demand, for handlers that take several media types. Errors are body-parser's; the error handler knows them. */
export function createJsonReader(limitBytes: number): (req: Request, res: Response) => Promise<unknown> {
  const parse = express.json({
    limit: limitBytes,
    type: ['application/json', 'application/*+json'],
    strict: false,
  });
  return (req, res) =>
    new Promise((resolve, reject) => {
      if (Number(req.headers['content-length'] ?? 0) > limitBytes) {
        req.resume();
        reject(
          PlatformError.of('TOO_LARGE', 'The body is too large.', { details: { limit_bytes: limitBytes } }),
        );
        return;
      }
      parse(req, res, (error?: unknown) => {
        if (error !== undefined)
          reject(error instanceof Error ? error : new Error('the body cannot be read', { cause: error }));
        else if (req.body === undefined)
          reject(
            PlatformError.of(
              'UNSUPPORTED_MEDIA_TYPE',
              'The body must be application/json or multipart/form-data.',
            ),
          );
        else resolve(req.body as unknown);
      });
    });
}
