import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { PlatformError } from '@switchyard/kernel';
import type { Coding, SiteFile } from '@switchyard/web-store';
import { chooseCoding } from './choose-coding.ts';
import { isNotModified, isRangeFresh } from './conditions.ts';
import type { ContentCache } from './content-cache.ts';
import { decideRanges } from './decide-ranges.ts';
import type { Part } from './decide-ranges.ts';

export interface FileToSend {
  readonly file: SiteFile;
  readonly status: 200 | 404;
  /** All but what is said of the bytes themselves. Names in small letters; `vary` is added to. */
  readonly headers: ReadonlyMap<string, string>;
}

/** Sends one file: conditions, then ranges, then the whole of it in the form that the client likes best. */
export async function sendFile(
  cache: ContentCache,
  req: IncomingMessage,
  res: ServerResponse,
  { file, status, headers }: FileToSend,
): Promise<void> {
  const plainTag = etagOf(file.sha256);
  // Parts are parts of the plain bytes: a compressed form cut in two is of use to nobody.
  const range = status === 200 && req.method === 'GET' ? req.headers.range : undefined;
  const validators = { etag: plainTag, modified: file.modified };
  const isPartial = range !== undefined && isRangeFresh(req.headers, validators);
  const verdict = isPartial ? decideRanges(range, file.size) : 'whole';
  const acceptEncoding = req.headers['accept-encoding'];
  const coding =
    verdict === 'whole' && range === undefined
      ? chooseCoding(typeof acceptEncoding === 'string' ? acceptEncoding : undefined, file)
      : 'identity';
  const form = formOf(file, coding);
  const etag = coding === 'identity' ? plainTag : etagOf(file.sha256, coding);
  const common = headersOf(file, headers, status, etag);
  if (status === 200 && isNotModified(req.headers, { etag, modified: file.modified })) {
    common.delete('content-type');
    end(res, 304, common);
    return;
  }
  if (verdict === 'unsatisfiable') {
    for (const name of ['etag', 'last-modified', 'cache-control']) common.delete(name);
    common.set('content-range', `bytes */${file.size}`).set('cache-control', 'no-store');
    common.set('content-type', 'text/plain; charset=utf-8');
    end(res, 416, common, req.method === 'HEAD' ? undefined : 'The file has no such part.\n');
    return;
  }
  if (verdict !== 'whole') return sendParts(cache, res, { file, parts: verdict, headers: common });
  if (coding !== 'identity') common.set('content-encoding', coding);
  common.set('content-length', String(form.size));
  if (req.method === 'HEAD') {
    end(res, status, common);
    return;
  }
  const kept = cache.whole(coding, form.sha256, form.size);
  const bytes = kept instanceof Promise ? await kept : kept;
  if (bytes !== undefined) {
    end(res, status, common, bytes);
    return;
  }
  const blob = await cache.open(coding, form.sha256);
  if (blob === undefined) throw missing(form.sha256);
  begin(res, status, common);
  await passOn(blob.stream, res);
}

async function sendParts(
  cache: ContentCache,
  res: ServerResponse,
  { file, parts, headers }: { file: SiteFile; parts: readonly Part[]; headers: Map<string, string> },
): Promise<void> {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) {
    headers.set('content-range', `bytes ${first.start}-${first.end}/${file.size}`);
    headers.set('content-length', String(first.end - first.start + 1));
    const blob = await cache.open('identity', file.sha256, first);
    if (blob === undefined) throw missing(file.sha256);
    begin(res, 206, headers);
    return passOn(blob.stream, res);
  }
  // The hash of a content occurs in that content by nobody's doing.
  const boundary = `part-${file.sha256.slice(0, 32)}`;
  const headOf = ({ start, end }: Part): string =>
    `\r\n--${boundary}\r\nContent-Type: ${file.type}\r\nContent-Range: bytes ${start}-${end}/${file.size}\r\n\r\n`;
  const tail = `\r\n--${boundary}--\r\n`;
  const bytes = parts.reduce(
    (sum, part) => sum + headOf(part).length + part.end - part.start + 1,
    tail.length,
  );
  headers.set('content-type', `multipart/byteranges; boundary=${boundary}`);
  headers.set('content-length', String(bytes));
  const opened = await cache.open('identity', file.sha256, first);
  if (opened === undefined) throw missing(file.sha256);
  begin(res, 206, headers);
  await passOn(joined(), res);

  async function* joined(): AsyncGenerator<string | Buffer> {
    let blob: typeof opened | undefined = opened;
    try {
      for (const part of parts) {
        blob ??= await cache.open('identity', file.sha256, part);
        if (blob === undefined) throw missing(file.sha256);
        yield headOf(part);
        yield* blob.stream as AsyncIterable<Buffer>;
        blob = undefined;
      }
      yield tail;
    } finally {
      blob?.stream.destroy();
    }
  }
}

function formOf(file: SiteFile, coding: Coding | 'identity'): { sha256: string; size: number } {
  return (coding === 'identity' ? undefined : file.variants?.[coding]) ?? file;
}

/** One for each form: a cache must never put parts of two forms together. */
function etagOf(sha256: string, coding?: Coding): string {
  return `"${sha256.slice(0, 32)}${coding === undefined ? '' : `-${coding}`}"`;
}

function headersOf(
  file: SiteFile,
  given: ReadonlyMap<string, string>,
  status: number,
  etag: string,
): Map<string, string> {
  const headers = new Map(given);
  if (!headers.has('content-type')) headers.set('content-type', file.type);
  headers.set('x-content-type-options', 'nosniff');
  if (file.variants !== undefined) {
    const vary = headers.get('vary');
    headers.set('vary', vary === undefined ? 'Accept-Encoding' : `${vary}, Accept-Encoding`);
  }
  if (status === 200) {
    headers.set('etag', etag).set('last-modified', dateOf(file.modified)).set('accept-ranges', 'bytes');
  }
  return headers;
}

const dates = new Map<number, string>();
/** Files of a deploy share a few times, and making the text of one costs more than finding it. */
function dateOf(seconds: number): string {
  const known = dates.get(seconds);
  if (known !== undefined) return known;
  if (dates.size > 1000) dates.clear();
  const made = new Date(seconds * 1000).toUTCString();
  dates.set(seconds, made);
  return made;
}

function begin(res: ServerResponse, status: number, headers: ReadonlyMap<string, string>): void {
  const flat: string[] = [];
  for (const [name, value] of headers) flat.push(name, value);
  res.writeHead(status, flat);
}

function end(
  res: ServerResponse,
  status: number,
  headers: ReadonlyMap<string, string>,
  body?: Buffer | string,
): void {
  begin(res, status, typeof body === 'string' ? withLength(headers, body) : headers);
  res.end(body);
}

function withLength(headers: ReadonlyMap<string, string>, body: string): Map<string, string> {
  return new Map(headers).set('content-length', String(Buffer.byteLength(body)));
}

/** Back-pressure is the client's pace; one that leaves closes the file, and is no error of ours. */
async function passOn(source: AsyncIterable<string | Buffer>, res: ServerResponse): Promise<void> {
  await pipeline(source, res).catch((error: unknown) => {
    if (!res.destroyed) throw error;
  });
}

function missing(sha256: string): PlatformError {
  return PlatformError.of('UNAVAILABLE', 'A content of the site is not there.', { details: { sha256 } });
}
