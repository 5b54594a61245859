import { request as askPlain } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Agent, request as askSecure } from 'node:https';

export interface ServiceAnswer {
  readonly status: number;
  /** Rejects for what is no JSON. */
  json(): Promise<unknown>;
}

export interface ServiceQuestion {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Until the whole answer is there. */
  readonly timeoutMs: number;
}

/** 10,000 names of the longest kind are some 5 MiB. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

/**
 * Asks a service of the stack. `authorities` vouch for it, and nobody else then; fetch could not be told so for one service alone. Rejects
 * when it does not answer, cannot prove who it is, or answers too much; nothing is sent before it has proven that.
 */
export function createServiceAsker(authorities: readonly string[] | undefined) {
  const agent = authorities === undefined ? undefined : new Agent({ keepAlive: true, ca: [...authorities] });
  return ({ method, headers, body, timeoutMs }: ServiceQuestion, address: URL): Promise<ServiceAnswer> =>
    new Promise((resolve, reject) => {
      const options = { method, headers, signal: AbortSignal.timeout(timeoutMs) };
      const take = (answer: IncomingMessage): void => {
        readWhole(answer).then(
          (text) =>
            resolve({
              status: answer.statusCode ?? 0,
              json: async () => JSON.parse(text) as unknown,
            }),
          reject,
        );
      };
      const asked =
        address.protocol === 'https:'
          ? askSecure(address, { ...options, ...(agent === undefined ? {} : { agent }) }, take)
          : askPlain(address, options, take);
      asked.once('error', reject);
      asked.end(body);
    });
}

async function readWhole(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER_BYTES) throw new Error('the answer is too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
