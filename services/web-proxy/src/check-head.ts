import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { PlatformError } from '@switchyard/kernel';

export interface HeadLimits {
  readonly maxHeaders: number;
}

type Head = Pick<IncomingMessage, 'method' | 'url' | 'headers' | 'rawHeaders' | 'httpVersion'>;

/** One name or address, and a port: what else stands there is read differently by different readers. */
const HOST = /^(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/u;
/** A segment that is `.` or `..`, in any writing. Browsers resolve these before they send. */
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?=\/|$)/iu;
/** They ask a proxy for something else than to pass a request on. */
const REFUSED_METHODS = new Set(['TRACE', 'TRACK', 'CONNECT']);

const countHosts = (rawHeaders: readonly string[]): number => {
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at];
    if (name?.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count;
};

const invalid = (message: string): PlatformError => PlatformError.of('INVALID_REQUEST', message);

/**
 * Refuses a head that two readers could read differently, which is how a request is smuggled past the one in front. The parser has refused
 * what it could not read at all. Throws INVALID_REQUEST, HEADERS_TOO_LARGE and METHOD_NOT_ALLOWED.
 */
export const checkHead = (request: Head, { maxHeaders }: HeadLimits): void => {
  const { method = 'GET', url = '', headers, rawHeaders, httpVersion } = request;
  if (REFUSED_METHODS.has(method)) throw PlatformError.of('METHOD_NOT_ALLOWED');
  if (rawHeaders.length > maxHeaders * 2)
    throw PlatformError.of('HEADERS_TOO_LARGE', 'There are too many headers.', {
      details: { limit: maxHeaders },
    });
  const hosts = countHosts(rawHeaders);
  if (hosts > 1 || (hosts === 0 && httpVersion !== '1.0')) throw invalid('There must be one Host.');
  if (headers.host !== undefined && !HOST.test(headers.host)) throw invalid('The Host cannot be read.');
  // Neither `GET http://other/`, which names a second host, nor `OPTIONS *`; and a fragment is never sent.
  if (!url.startsWith('/') || url.includes('#')) throw invalid('The address cannot be read.');
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || httpVersion === '1.0'))
    throw invalid('The Transfer-Encoding is not supported.');
};

export interface HeadGuard {
  /** As `checkHead`; and what comes over the same connection after a refusal is refused, too: nobody knows where it began. */
  check(request: IncomingMessage): void;
}

export const createHeadGuard = (limits: HeadLimits): HeadGuard => {
  const refused = new WeakSet<Socket>();
  return {
    check: (request) => {
      if (refused.has(request.socket)) throw invalid('The request before this one could not be read.');
      try {
        checkHead(request, limits);
      } catch (error) {
        refused.add(request.socket);
        throw error;
      }
    },
  };
};

/** Refuses a path that means another one after somebody has tidied it up: which service it is for is decided by how it is written. */
export const checkPlatformPath = (path: string): void => {
  if (DOT_SEGMENT.test(path) || path.includes('\\')) throw invalid('The address cannot be read.');
};
