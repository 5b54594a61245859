import type { IncomingHttpHeaders } from 'node:http';

/** Headers of one hop (RFC 9110 §7.6.1): they concern the connection to us, not the one behind us. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/** Answered by us already: the body is on its way. */
const SETTLED_HERE = 'expect';

/** What only a proxy of ours may say to a service: whoever sends it from outside is lying or confused. */
const INSIDE_ONLY = [
  'forwarded',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'cf-connecting-ip',
  'true-client-ip',
  'x-remote-user',
  'x-session-id',
  'x-user-type',
  'x-user-id',
  'x-user-name',
  'x-user-roles',
  'x-username',
  'x-tenant',
  'x-project',
  // What would make a request into another one than was looked at here.
  'x-original-url',
  'x-rewrite-url',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  // Becomes `HTTP_PROXY` in the environment of programs that are started for a request.
  'proxy',
];
const INSIDE_ONLY_PREFIXES = ['x-forwarded-', 'x-switchyard-'];

export interface Hop {
  readonly remoteAddress: string;
  readonly isTls: boolean;
  readonly requestId: string;
  /** Keeps `Connection: upgrade` and `Upgrade`, without which there is no WebSocket. */
  readonly isUpgrade: boolean;
}

const DROPPED = new Set([...HOP_BY_HOP, ...INSIDE_ONLY, SETTLED_HERE]);

const isDropped = (name: string): boolean =>
  DROPPED.has(name) || INSIDE_ONLY_PREFIXES.some((prefix) => name.startsWith(prefix));

const namedByConnection = (headers: IncomingHttpHeaders): string[] =>
  (headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());

/** Rewrites the headers of a request from outside, in place, into those that a service may believe. */
export const cleanRequestHeaders = (headers: IncomingHttpHeaders, hop: Hop): void => {
  const { upgrade, host } = headers;
  // The framing of the body stays: the forwarder reads it from here when it sends the body on.
  const transferEncoding = headers['transfer-encoding'];
  for (const name of namedByConnection(headers))
    if (name !== 'host' && name !== 'content-length') delete headers[name];
  for (const name of Object.keys(headers)) if (isDropped(name)) delete headers[name];
  if (transferEncoding !== undefined) headers['transfer-encoding'] = transferEncoding;
  if (hop.isUpgrade) Object.assign(headers, { connection: 'Upgrade', upgrade });
  headers['x-forwarded-for'] = hop.remoteAddress;
  headers['x-forwarded-proto'] = hop.isTls ? 'https' : 'http';
  if (host !== undefined) headers['x-forwarded-host'] = host;
  headers['x-request-id'] = hop.requestId;
};

/** What services say about themselves stays inside. */
const ANSWER_ONLY_INSIDE = ['server', 'x-powered-by'];

/** Drops the hop's headers from an upstream's answer, in place. */
export const cleanAnswerHeaders = (headers: IncomingHttpHeaders): void => {
  for (const name of [...HOP_BY_HOP, ...namedByConnection(headers), ...ANSWER_ONLY_INSIDE])
    delete headers[name];
};

/** The same for the answer that makes a WebSocket, which lives by two of these headers. */
export const cleanUpgradeAnswer = (headers: IncomingHttpHeaders): void => {
  const { upgrade } = headers;
  cleanAnswerHeaders(headers);
  Object.assign(headers, { connection: 'Upgrade', upgrade });
};
