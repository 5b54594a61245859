import type { Response } from 'express';
import { PlatformError } from '@switchyard/kernel';
import type { WebResponses } from '@switchyard/store';
import { sendAnswer } from './send-answer.ts';
import type { SendOptions } from './send-answer.ts';

const STATUS_PATH = /^\/api\/_status\/([A-Za-z0-9_-]{1,128})$/u;

/** The request whose late answer a path asks for. */
export function readStatusPath(path: string): string | undefined {
  return STATUS_PATH.exec(path)?.[1];
}

/** Below the site's base. */
export function statusPathOf(base: string, requestId: string): string {
  return `${base}/api/_status/${requestId}`;
}

/** `GET /api/_status/{request_id}`: 202 while there is no answer, then the answer, once: its row goes when it is delivered. */
export async function serveStatus(
  responses: Pick<WebResponses, 'find' | 'remove'>,
  { requestId, site }: { requestId: string; site: string },
  res: Response,
  options: SendOptions,
): Promise<void> {
  const found = await responses.find(requestId, site);
  if (found === undefined) throw PlatformError.of('NOT_FOUND');
  if (found.kind === 'pending') return sayAccepted(res, requestId, options.base);
  const { answer } = found;
  if (answer.error !== undefined) {
    await responses.remove(requestId);
    throw PlatformError.of('WEB_FAILED');
  }
  await sendAnswer(res, answer, options);
  if (res.writableFinished && !options.isHead) await responses.remove(requestId);
}

export function sayAccepted(res: Response, requestId: string, base: string): void {
  const statusUrl = statusPathOf(base, requestId);
  res.setHeader('Location', statusUrl);
  res.setHeader('Retry-After', '1');
  res.status(202).json({ request_id: requestId, status: 'pending', status_url: statusUrl });
}
