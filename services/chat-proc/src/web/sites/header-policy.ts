/** What frames an answer, and what is worked out for it: rules of a site that named these would contradict what is sent. */
const OURS: ReadonlySet<string> = new Set([
  'accept-ranges',
  'age',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'date',
  'etag',
  'keep-alive',
  'last-modified',
  'location',
  'proxy-authenticate',
  'proxy-connection',
  'server',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-content-type-options',
  'x-request-id',
  // Static answers are cached by everybody: a cookie in one would be everybody's.
  'set-cookie',
]);

/** What speaks for a whole origin, or lets somebody into an answer: never where the origin is the platform's own. */
const OF_AN_ORIGIN: ReadonlySet<string> = new Set([
  'accept-ch',
  'access-control-allow-credentials',
  'access-control-allow-origin',
  'alt-svc',
  'clear-site-data',
  'cross-origin-resource-policy',
  'expect-ct',
  'nel',
  'origin-agent-cluster',
  'public-key-pins',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'set-login',
  'strict-transport-security',
]);

/** Whether rules of a site may set a header. In small letters. */
export function mayBeSet(name: string): boolean {
  return !OURS.has(name);
}

/** Whether it may also be set below `/sites/`, on the origin that holds the chat's cookies. */
export function mayBeSetOnSharedOrigin(name: string): boolean {
  return !OF_AN_ORIGIN.has(name);
}

/**
 * A page below `/sites/` runs in an origin that is nobody's: it reads no cookie and calls nothing as the user. Its own files are asked
 * for from that origin, without credentials, hence the two that let it in.
 */
export const SHARED_ORIGIN_HEADERS: readonly (readonly [string, string])[] = [
  ['content-security-policy', 'sandbox allow-scripts allow-forms allow-popups allow-downloads'],
  ['access-control-allow-origin', '*'],
  ['cross-origin-resource-policy', 'cross-origin'],
];
