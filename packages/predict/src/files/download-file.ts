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
  parts: DownloadParts,
): Promise<string> {
  return tellingWhy(async () => {
    const answer = await follow(url, {}, parts);
    const file = target(answer);
    await write(answer, file, parts);
    return file;
  });
}

export type Downloaded =
  | { readonly isChanged: false }
  /** `tag`: of exactly these bytes, where the server says one. */
  | { readonly isChanged: true; readonly tag: string | undefined };

/** The same into a known file, unless what lies there still has this tag. */
export async function downloadIfChanged(
  url: URL,
  file: string,
  tag: string | undefined,
  parts: DownloadParts,
): Promise<Downloaded> {
  return tellingWhy(async () => {
    const answer = await follow(url, tag === undefined ? {} : { 'if-none-match': tag }, parts);
    if (answer.status === 304 && tag !== undefined) {
      answer.body.destroy();
      return { isChanged: false };
    }
    await write(answer, file, parts);
    const { etag } = answer.headers;
    // A weak one says that two contents mean the same, not that they are.
    return { isChanged: true, tag: etag?.startsWith('W/') === true ? undefined : etag };
  });
}

async function write(answer: OutboundAnswer, file: string, parts: DownloadParts): Promise<void> {
  if (answer.status !== 200) {
    answer.body.destroy();
    throw new DownloadFailed(`the answer is ${answer.status}`);
  }
  const { maxBytes, signal } = parts;
  await pipeline(answer.body, bounded(maxBytes), createWriteStream(file), { signal });
}

async function tellingWhy<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof DownloadFailed) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    const why = error instanceof RefusedAddress ? message : (code ?? message);
    throw new DownloadFailed(why, { cause: error });
  }
}

async function follow(
  first: URL,
  headers: Readonly<Record<string, string>>,
  { outbound, signal }: DownloadParts,
): Promise<OutboundAnswer> {
  let url = first;
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const answer = await outbound.send(url, { method: 'GET', headers, signal });
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
