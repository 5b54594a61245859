import { pipeline } from 'node:stream/promises';
import type { Request, Response } from 'express';
import { PlatformError } from '@switchyard/kernel';
import type { BlobStore, FileRow } from '@switchyard/store';
import { decideRange } from './decide-range.ts';

// What a browser shows by itself without running it. Anything else is offered for saving, also as a preview.
const SHOWN: ReadonlySet<string> = new Set([
  'image/png',
  'image/jpeg',
  'image/gif',
  'image/webp',
  'image/avif',
  'application/pdf',
  'text/plain',
  'text/markdown',
  'text/csv',
]);

/** Sends a stored file, whole or the part that was asked for. Content never changes, so its hash is its ETag. */
export async function sendBlob(
  blobs: Pick<BlobStore, 'open'>,
  req: Request,
  res: Response,
  file: FileRow,
  disposition: 'preview' | 'download',
): Promise<void> {
  const etag = `"${file.sha256}"`;
  setHeaders(res, file, disposition);
  res.setHeader('ETag', etag);
  if (req.get('if-none-match') === etag) return void res.status(304).end();
  const isFresh = req.get('if-range') === undefined || req.get('if-range') === etag;
  const range = decideRange(isFresh ? req.get('range') : undefined, file.size);
  if (range === 'unsatisfiable') {
    res.setHeader('Content-Range', `bytes */${file.size}`);
    return void res
      .status(416)
      .json({ detail: { error: 'The range lies outside of the file.', error_type: 'request.range' } });
  }
  const opened = await blobs.open(file.sha256, range);
  if (opened === undefined) throw PlatformError.of('NOT_FOUND');
  res.setHeader('Content-Length', range === undefined ? opened.size : opened.end - opened.start + 1);
  if (range !== undefined)
    res.status(206).setHeader('Content-Range', `bytes ${opened.start}-${opened.end}/${opened.size}`);
  if (req.method === 'HEAD') {
    opened.stream.destroy();
    return void res.end();
  }
  // A client that goes in mid-file is no error; pipeline closes the file either way.
  await pipeline(opened.stream, res).catch((error: unknown) => {
    if (!res.destroyed) throw error;
  });
}

/** Opened directly it runs without the user's cookies (03 §6), and shows in pages of ours alone. */
const FILE_POLICY =
  "sandbox allow-scripts allow-forms; object-src 'none'; base-uri 'none'; frame-ancestors 'self'";

function setHeaders(res: Response, file: FileRow, disposition: 'preview' | 'download'): void {
  const isShown = disposition === 'preview' && SHOWN.has(file.mime);
  res.attachment(file.filename);
  if (isShown)
    res.setHeader(
      'Content-Disposition',
      String(res.getHeader('Content-Disposition')).replace(/^attachment/, 'inline'),
    );
  res.setHeader('Content-Type', file.mime.startsWith('text/') ? `${file.mime}; charset=utf-8` : file.mime);
  res.setHeader('Content-Security-Policy', FILE_POLICY);
  res.setHeader('Cache-Control', 'private, max-age=3600');
  res.setHeader('Accept-Ranges', 'bytes');
}
