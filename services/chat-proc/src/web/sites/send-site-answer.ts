import type { IncomingMessage, ServerResponse } from 'node:http';
import { PlatformError } from '@switchyard/kernel';
import type { ContentCache } from './content-cache.ts';
import type { SiteAnswer } from './decide-answer.ts';
import { decideHeaders } from './decide-headers.ts';
import { sendFile } from './send-file.ts';
import type { SiteVisit } from './site-visit.ts';

const ALLOW = 'GET, HEAD, OPTIONS';

/** Sends what was decided, but for what a bundle answers. Rejects with what is to be answered instead. */
export async function sendSiteAnswer(
  cache: ContentCache,
  visit: SiteVisit,
  answer: Exclude<SiteAnswer, { kind: 'dynamic' }>,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  if (answer.kind === 'notAllowed') {
    res.setHeader('Allow', ALLOW);
    if (req.method !== 'OPTIONS') throw PlatformError.of('METHOD_NOT_ALLOWED');
    res.writeHead(204).end();
    return;
  }
  const headers = decideHeaders(visit, answer);
  if (answer.kind === 'missing') {
    // Which of two answers it is was decided by these, and a cache that is asked again must ask so too.
    if (answer.isByKind) res.setHeader('Vary', 'Accept, Sec-Fetch-Mode');
    throw PlatformError.of('NOT_FOUND');
  }
  if (answer.kind === 'redirect') {
    headers.set('location', answer.location).set('content-length', '0');
    for (const [name, value] of headers) res.setHeader(name, value);
    res.writeHead(answer.status).end();
    return;
  }
  await sendFile(cache, req, res, { file: answer.file, status: answer.status, headers });
}
