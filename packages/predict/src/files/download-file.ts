import { createWriteStream } from 'node:fs';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RefusedAddress } from './outbound.ts';
import type { Outbound, OutboundAnswer } from './outbound.ts';

export interface DownloadParts {
  readonly outbound: Outbound;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** Why nothing came, in words for whoever named the address. */
export class DownloadFailed extends Error {
  override readonly name: string = 'DownloadFailed';
}

export class TooLarge extends DownloadFailed {
  override readonly name = 'TooLarge';
}

const MAX_REDIRECTS = 5;

/**
 * Brings what lies at an http(s) address into a file, redirects followed and each checked. Rejects DownloadFailed, or the signal's
 * reason; a file that was begun stays and is the caller's to remove.
 *
 * @param target absolute path, once the answer says what it is called
 * @returns the path
 */
export async function downloadFile(
  url: URL,
  target: (answer: OutboundAnswer) => string,
  { outbound, maxBytes, signal }: DownloadParts,
): Promise<string> {
  try {
    const answer = await follow(url, outbound, signal);
    if (answer.status !== 200) {
      answer.body.destroy();
      throw new DownloadFailed(`the answer is ${answer.status}`);
    }
    const file = target(answer);
    await pipeline(answer.body, bounded(maxBytes), createWriteStream(file), { signal });
    return file;
  } catch (error) {
    if (error instanceof DownloadFailed) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const why = error instanceof RefusedAddress ? message : (code ?? message);
    throw new DownloadFailed(why, { cause: error });
  }
}

async function follow(first: URL, outbound: Outbound, signal: AbortSignal): Promise<OutboundAnswer> {
  let url = first;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const answer = await outbound.send(url, { method: 'GET', signal });
    const { location } = answer.headers;
    if (answer.status < 300 || answer.status > 399 || location === undefined) return answer;
    answer.body.destroy();
    url = new URL(location, url);
  }
  throw new DownloadFailed('too many redirects');
}

function bounded(maxBytes: number): Transform {
  let total = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, callback) {
      total += chunk.byteLength;
      if (total > maxBytes) callback(new TooLarge(`larger than ${maxBytes} bytes`));
      else callback(null, chunk);
    },
  });
}
