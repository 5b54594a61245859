import type { IncomingHttpHeaders } from 'node:http';

export interface OriginRules {
  publicUrl: string;
  /** The proxy in front names the host that the browser asked for. */
  trustForwarded: boolean;
}

/**
 * May a socket be opened from where it comes? Browsers let any page open a WebSocket to us and send our cookies along, without
 * asking: with cookies the page must be ours. Programs send no Origin.
 */
export function isOwnOrigin(
  headers: IncomingHttpHeaders,
  { publicUrl, trustForwarded }: OriginRules,
): boolean {
  const { origin, cookie, host } = headers;
  if (cookie === undefined || origin === undefined) return true;
  const forwarded = trustForwarded ? headers['x-forwarded-host'] : undefined;
  const own = new Set([hostOf(publicUrl), host, typeof forwarded === 'string' ? forwarded : undefined]);
  return own.has(hostOf(origin) ?? '');
}

function hostOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).host : undefined;
}
