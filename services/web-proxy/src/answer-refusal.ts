import type { ServerResponse } from 'node:http';
import { DATA_HEADERS } from '@switchyard/http';
import { toErrorBody } from '@switchyard/kernel';

const ALWAYS = Object.entries(DATA_HEADERS).flat();

/** Answers in the shape of every error, once. An answer that has begun is broken off: there is no second status line. */
export const answerRefusal = (
  response: ServerResponse,
  error: unknown,
  { requestId, isLast }: { requestId: string; isLast: boolean },
): void => {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const { status, body, retryAfterSec } = toErrorBody(error, requestId);
  const text = JSON.stringify(body);
  const headers = [...ALWAYS, 'X-Request-ID', requestId];
  if (retryAfterSec !== undefined) headers.push('Retry-After', String(Math.ceil(retryAfterSec)));
  headers.push(
    'Content-Type',
    'application/json; charset=utf-8',
    'Content-Length',
    String(Buffer.byteLength(text)),
  );
  if (isLast) headers.push('Connection', 'close');
  response.writeHead(status, headers).end(text);
};
