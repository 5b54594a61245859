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

/** Answered by us already, as the body is on its way; and said by us, in its own place. */
const SETTLED_HERE = ['expect', 'x-request-id'];

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

const DROPPED = new Set([...HOP_BY_HOP, ...INSIDE_ONLY, ...SETTLED_HERE]);

const isDropped = (name: string): boolean =>
  DROPPED.has(name) || INSIDE_ONLY_PREFIXES.some((prefix) => name.startsWith(prefix));

/** The names that `Connection` gives to this hop; none where it says only what becomes of the connection, as nearly always. */
export const namedByConnection = (connection: string | undefined): readonly string[] => {
  switch (connection) {
    case undefined:
    case 'keep-alive':
    case 'close':
      return [];
    default:
      return connection.split(',').map((name) => name.trim().toLowerCase());
  }
};

/** What frames the body and says for whom the request is: `Connection` takes nothing of it away. */
const NEVER_OF_THE_HOP = new Set(['host', 'content-length']);

/**
 * The headers of a request from outside as a service may believe them, as names in small letters and values in turn. `headers` are as Node
 * reads them, where what came several times is one: a service reads no other than was looked at here.
 */
export const listRequestHeaders = (headers: IncomingHttpHeaders, hop: Hop): string[] => {
  const named = namedByConnection(headers.connection);
  const list: string[] = [];
  for (const name of Object.keys(headers)) {
    const value = headers[name];
    if (value === undefined || isDropped(name)) continue;
    if (named.length > 0 && named.includes(name) && !NEVER_OF_THE_HOP.has(name)) continue;
    if (typeof value === 'string') list.push(name, value);
    else for (const each of value) list.push(name, each);
  }
  const { upgrade, host } = headers;
  // The framing of the body stays: the forwarder sends it on in the same way.
  const coding = headers['transfer-encoding'];
  if (coding !== undefined) list.push('transfer-encoding', coding);
  if (hop.isUpgrade) list.push('connection', 'Upgrade', 'upgrade', upgrade ?? '');
  list.push('x-forwarded-for', hop.remoteAddress, 'x-forwarded-proto', hop.isTls ? 'https' : 'http');
  if (host !== undefined) list.push('x-forwarded-host', host);
  list.push('x-request-id', hop.requestId);
  return list;
};

/** The same in place, for who takes headers as an object. */
export const cleanRequestHeaders = (headers: IncomingHttpHeaders, hop: Hop): void => {
  const list = listRequestHeaders(headers, hop);
  for (const name of Object.keys(headers)) delete headers[name];
  for (let at = 0; at < list.length; at += 2) headers[list[at] ?? ''] = list[at + 1];
};

/** What services say about themselves stays inside. */
const ANSWER_ONLY_INSIDE = ['server', 'x-powered-by'];

/** What of an upstream's answer never passes, in small letters. */
export const ANSWER_DROPPED: readonly string[] = [...HOP_BY_HOP, ...ANSWER_ONLY_INSIDE];

/** Drops the hop's headers from an upstream's answer, in place. */
export const cleanAnswerHeaders = (headers: IncomingHttpHeaders): void => {
  for (const name of [...ANSWER_DROPPED, ...namedByConnection(headers.connection)]) delete headers[name];
};

/** The same for the answer that makes a WebSocket, which lives by two of these headers. */
export const cleanUpgradeAnswer = (headers: IncomingHttpHeaders): void => {
  const { upgrade } = headers;
  cleanAnswerHeaders(headers);
  Object.assign(headers, { connection: 'Upgrade', upgrade });
};
