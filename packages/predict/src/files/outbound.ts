import { lookup } from 'node:dns/promises';
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { LookupFunction } from 'node:net';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { isPublicAddress } from '@switchyard/kernel';

export interface OutboundRequest {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | Readable;
  readonly signal: AbortSignal;
  /** An address that the operator named, not a client: may lie inside. */
  readonly isTrusted?: boolean;
}

export interface OutboundAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  /** The body; read it or destroy it. */
  readonly body: Readable;
  readonly url: URL;
}

/** Refused before a byte was sent. The message is for whoever named the address. */
export class RefusedAddress extends Error {
  override readonly name = 'RefusedAddress';
}

/** Where a client's addresses may lead: the internet, and what the operator allows by name. Redirects are answers, not followed. */
export interface Outbound {
  send(url: URL, request: OutboundRequest): Promise<OutboundAnswer>;
  close(): void;
}

/** @param privateHosts `host:port` that may be reached though they are not public; `*` for all. */
export function createOutbound(privateHosts: readonly string[]): Outbound {
  const checked = createAgents(checkedLookup);
  const free = createAgents(undefined);
  const isAllowed = (url: URL) =>
    privateHosts.includes('*') || privateHosts.includes(`${hostOf(url)}:${portOf(url)}`);
  return {
    async send(url, request) {
      if (url.protocol !== 'http:' && url.protocol !== 'https:')
        throw new RefusedAddress(`only http and https are spoken, not ${url.protocol}`);
      const isFree = request.isTrusted === true || isAllowed(url);
      // A name is checked where it is looked up; an address in numbers is never looked up.
      if (!isFree && isIP(hostOf(url)) !== 0 && !isPublicAddress(hostOf(url)))
        throw new RefusedAddress(`${hostOf(url)} is no public address`);
      return exchange(url, request, isFree ? free : checked);
    },
    close() {
      for (const agents of [checked, free]) {
        agents.http.destroy();
        agents.https.destroy();
      }
    },
  };
}

interface Agents {
  readonly http: http.Agent;
  readonly https: https.Agent;
}

function createAgents(lookupFunction: LookupFunction | undefined): Agents {
  const options = {
    keepAlive: true,
    maxFreeSockets: 16,
    timeout: 30_000,
    ...(lookupFunction === undefined ? {} : { lookup: lookupFunction }),
  };
  return { http: new http.Agent(options), https: new https.Agent(options) };
}

/** What was checked is what is connected to: the answer of this lookup is the only one that there is. */
const checkedLookup: LookupFunction = (host, options, callback) => {
  lookup(host, { all: true }).then(
    (found) => {
      const [first] = found;
      if (first === undefined) callback(new Error(`the name ${host} has no address`), '');
      else if (!found.every(({ address }) => isPublicAddress(address)))
        callback(new RefusedAddress(`${host} is no public address`), '');
      else if (options.all === true) callback(null, found);
      else callback(null, first.address, first.family);
    },
    (error: unknown) => callback(error as NodeJS.ErrnoException, ''),
  );
};

async function exchange(url: URL, given: OutboundRequest, agents: Agents): Promise<OutboundAnswer> {
  const { method, headers, body, signal } = given;
  signal.throwIfAborted();
  const isSecure = url.protocol === 'https:';
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const request = (isSecure ? https : http).request(url, {
    method,
    headers: { ...headers },
    agent: isSecure ? agents.https : agents.http,
    signal,
  });
  request.once('response', resolve);
  request.on('error', reject);
  if (body === undefined || body instanceof Uint8Array) request.end(body);
  else pipeline(body, request).catch(reject);
  const response = await promise;
  return { status: response.statusCode ?? 0, headers: response.headers, body: response, url };
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/u, '$1').replace(/\.$/u, '');
}

function portOf(url: URL): string {
  return url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
}
