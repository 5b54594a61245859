import type { RequestHandler, Request, Response } from 'express';
import { invalidJson } from './error-handler.ts';

const JSON_TYPE = /^application\/json(?:; ?charset=utf-8)?$/i;
const BYTE_ORDER_MARK = 0xfeff;

/** Its client went away in the middle of the body; the error handler knows it by the same word as body-parser's. */
class AbortedRequestError extends Error {
  readonly type = 'request.aborted';
}

/**
 * Reads `req.body` by the handlers that express would use, except where the body comes as nearly everybody sends it: JSON in UTF-8, not
 * packed, its length announced and within the limit. That one is read here, with less around it. Rejects as they do.
 */
export function createBodyReader(
  limitBytes: number,
  general: readonly RequestHandler[],
): (req: Request, res: Response) => Promise<void> {
  return async (req, res) => {
    if (isPlain(req, limitBytes)) return readPlain(req);
    for (const handler of general)
      await new Promise<void>((resolve, reject) => {
        void handler(req, res, (error?: unknown) => {
          if (error === undefined) resolve();
          else
            reject(error instanceof Error ? error : new Error('the body cannot be read', { cause: error }));
        });
      });
  };
}

function isPlain({ headers }: Request, limitBytes: number): boolean {
  const length = Number(headers['content-length'] ?? 0);
  return (
    length > 0 &&
    length <= limitBytes &&
    headers['content-encoding'] === undefined &&
    JSON_TYPE.test(headers['content-type'] ?? '')
  );
}

function readPlain(req: Request): Promise<void> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => void chunks.push(chunk));
    req.on('end', () => {
      const [first] = chunks;
      const bytes = chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks);
      const text = bytes.toString('utf8');
      try {
        req.body = JSON.parse(text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text) as unknown;
        resolve();
      } catch (error) {
        reject(invalidJson(error instanceof Error ? error.message : String(error)));
      }
    });
    req.on('close', () => {
      // Of a body that was read it says nothing new; and an error costs its stack.
      if (!req.complete) reject(new AbortedRequestError());
    });
  });
}
