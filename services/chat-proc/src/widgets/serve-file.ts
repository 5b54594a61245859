import type { Response } from 'express';
import { PlatformError, hashHex } from '@switchyard/kernel';
import { SANDBOX_POLICY } from '../operations/send-wire-response.ts';

/**
 * A page of a bundle runs in an origin of its own (`sandbox`), loads from this server alone, talks to this server alone and stands in
 * pages of this server alone. Inline styles are let through: they can do less than the scripts that are there anyway.
 */
const FILE_POLICY = [
  SANDBOX_POLICY,
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data: blob:",
  "font-src 'self' data:",
  "media-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

/** A file below a folder of one version. */
export interface ServedFile {
  /** Absolute. */
  readonly folder: string;
  /** Relative, as in the address; `index.html` where it names a folder. */
  readonly path: string;
  readonly versionId: string;
  /** The address names the version, so what it gives never changes. */
  readonly isPinned: boolean;
  /** Nobody's name is needed to read it: a shared cache may keep it. */
  readonly isPublic: boolean;
}

const YEAR_SEC = 31_536_000;

/**
 * Sends it with ranges and conditions, by the library that knows them. The page's own files ask for it without credentials from an origin
 * that is nobody's, hence the two cross-origin headers: they let a reader in who has the address, never the user's cookies.
 */
export async function serveFile(res: Response, file: ServedFile): Promise<void> {
  const { folder, versionId, isPinned, isPublic } = file;
  const path = file.path === '' || file.path.endsWith('/') ? `${file.path}index.html` : file.path;
  res.setHeader('Content-Security-Policy', FILE_POLICY);
  res.setHeader('Cross-Origin-Resource-Policy', 'cross-origin');
  res.setHeader('Access-Control-Allow-Origin', '*');
  res.removeHeader('X-Session-ID');
  const who = isPublic ? 'public' : 'private';
  res.setHeader('Cache-Control', isPinned ? `${who}, max-age=${YEAR_SEC}, immutable` : `${who}, no-cache`);
  // A version never changes, so its name and the path stand for the bytes.
  res.setHeader('ETag', `"${hashHex(`${versionId}\n${path}`).slice(0, 32)}"`);
  await new Promise<void>((resolve, reject) => {
    const options = { root: folder, dotfiles: 'deny', cacheControl: false, lastModified: false } as const;
    res.sendFile(path, options, (error?: Error) => {
      if (error === undefined || res.headersSent) return resolve();
      reject(refusalOf(error));
    });
  }).catch((error: unknown) => {
    // An error is no file: neither its caches nor its name.
    for (const name of ['ETag', 'Access-Control-Allow-Origin']) res.removeHeader(name);
    res.setHeader('Cache-Control', 'no-store');
    throw error;
  });
}

/** What `send` says, as one of ours. A path that leads out, a hidden file and one that is not there are the same to the caller. */
function refusalOf(error: Error): Error {
  const status = 'status' in error ? error.status : undefined;
  if (status === 416) return PlatformError.of('RANGE_NOT_SATISFIABLE');
  if (typeof status === 'number' && status >= 400 && status < 500) return PlatformError.of('NOT_FOUND');
  return error;
}
