import type { IncomingHttpHeaders } from 'node:http';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

const originOf = (url: string): string | undefined => (URL.canParse(url) ? new URL(url).origin : undefined);

export interface OriginCheck {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** A WebSocket opens with a GET, and may do anything afterwards. */
  readonly isUpgrade: boolean;
  /** Origins of ours: what the request came in by, and the configured public address. */
  readonly ownOrigins: readonly string[];
}

/**
 * Whether a request that a cookie speaks for may change something. Browsers say in `Sec-Fetch-Site` where a request
 * comes from and pages cannot forge it; older ones at least send `Origin`. Who sends neither is no browser and has a
 * bearer token to use.
 */
export const isRequestOwn = ({ method, headers, isUpgrade, ownOrigins }: OriginCheck): boolean => {
  if (SAFE_METHODS.has(method) && !isUpgrade) return true;
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const origin = headers.origin === undefined ? undefined : originOf(headers.origin);
  return origin !== undefined && ownOrigins.includes(origin);
};
