import type { Response } from 'express';

/**
 * `res.json` for answers that are many: the same bytes and headers, without what express looks up for each. Only a POST has nothing to
 * be asked about (is it still fresh, is it a HEAD), so all else is express'.
 */
export function sendJson(res: Response, body: unknown): void {
  if (res.req.method !== 'POST') return void res.json(body);
  const text = JSON.stringify(body);
  res.setHeader('Content-Type', 'application/json; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(text));
  res.end(text);
}
