import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { IncomingMessage } from 'node:http';

export interface JsonRequest {
  method: 'PUT' | 'PATCH';
  url: string;
  body: unknown;
  headers?: Record<string, string>;
  /** PEM of the authority that signs the other side, where it is not one that everybody knows. */
  ca?: string;
  signal: AbortSignal;
}

const MAX_ANSWER_BYTES = 64 * 1024;

/** One request with its own socket; resolves with the parsed answer (undefined when it is no JSON). Rejects unless the status is 2xx. */
export async function sendJson({ method, url, body, headers, ca, signal }: JsonRequest): Promise<unknown> {
  const isTls = url.startsWith('https:');
  const text = JSON.stringify(body);
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const options = {
      method,
      signal,
      agent: false as const,
      headers: {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(text)),
        ...headers,
      },
      ...(ca === undefined ? {} : { ca }),
    };
    const outgoing = isTls ? requestHttps(url, options) : requestHttp(url, options);
    outgoing.once('response', resolve).once('error', reject).end(text);
  });
  const words = await readText(answer);
  const status = answer.statusCode ?? 0;
  if (status < 200 || status > 299) throw new Error(`${method} answered ${status}: ${words.slice(0, 300)}`);
  try {
    return JSON.parse(words) as unknown;
  } catch {
    return undefined;
  }
}

async function readText(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error('the answer is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
