import { lookup } from 'node:dns/promises';
import { PlatformError } from '@switchyard/kernel';
import type { CapabilityArgs, HeaderList, WireRequest, WireResponse } from '@switchyard/protocol';
import type { Capability, CapabilityCaller } from '../capability.ts';
import { defineCapability } from '../define-capability.ts';
import { chooseAddresses, requireAllowed } from './choose-address.ts';
import type { AllowedHosts, ResolveHost } from './choose-address.ts';
import { CREDENTIALS, requestHeaders, without } from './clean-headers.ts';
import { readWhole } from './read-whole.ts';
import { sendRequest } from './send-request.ts';

export interface HttpSettings {
  readonly allowedHosts: readonly string[];
  readonly privateHosts: readonly string[];
  readonly maxRequestBytes: number;
  readonly maxResponseBytes: number;
  /** From the call to the last byte of its answer. */
  readonly timeoutMs: number;
}

const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
const OF_A_BODY: ReadonlySet<string> = new Set(['content-type', 'content-language', 'content-encoding']);

export const resolveHost: ResolveHost = async (host) =>
  (await lookup(host, { all: true })).map(({ address }) => address);

/** Keeps a webhook until it is delivered. */
export type DeliverWebhook = (
  bundleId: string,
  webhook: CapabilityArgs<'http', 'deliver'>[0],
) => Promise<{ jobId: string; isNew: boolean }>;

export interface HttpParts extends HttpSettings {
  readonly deliver: DeliverWebhook;
}

/** Requests of bundles to the hosts of their manifest, and to nothing that is not public. */
export function createHttpCapability(settings: HttpParts, resolve: ResolveHost = resolveHost): Capability {
  return defineCapability('http', {
    fetch: async (caller, request) => fetchFor(caller, request, settings, resolve),
    async deliver(caller, webhook) {
      // What can be seen now is told to the author now; the address is looked up at each delivery.
      requireAllowed(toUrl(webhook.url), hostsOf(caller, settings));
      const { secret } = webhook;
      if (secret !== undefined && caller.secretNames?.includes(secret) !== true)
        throw PlatformError.of('CAPABILITY_DENIED', `The bundle does not declare the secret "${secret}".`);
      const { jobId, isNew } = await settings.deliver(caller.bundleId, webhook);
      return { delivery_id: jobId, is_new: isNew };
    },
  });
}

function hostsOf({ httpHosts }: CapabilityCaller, settings: HttpSettings): AllowedHosts {
  const { allowedHosts: allowed, privateHosts } = settings;
  return { asked: httpHosts ?? [], allowed, privateHosts };
}

async function fetchFor(
  caller: CapabilityCaller,
  request: WireRequest,
  settings: HttpSettings,
  resolve: ResolveHost,
): Promise<WireResponse> {
  const { maxResponseBytes, maxRequestBytes, timeoutMs } = settings;
  const hosts = hostsOf(caller, settings);
  if (!METHODS.has(request.method))
    throw PlatformError.of('INVALID_REQUEST', `Requests are not made with ${request.method}.`);
  const signal = AbortSignal.any([caller.signal, deadline(timeoutMs)]);
  let { method } = request;
  let url = toUrl(request.url);
  let headers = requestHeaders(request.headers);
  let body = await readWhole(request.body, maxRequestBytes);
  for (let hops = 0; hops <= MAX_REDIRECTS; hops += 1) {
    const addresses = await untilAborted(chooseAddresses(url, hosts, resolve), signal);
    const response = await sendRequest({ url, method, headers, body, addresses, maxResponseBytes, signal });
    const target = redirectOf(response);
    if (target === undefined) return response;
    await closeUnread(response);
    const next = toUrl(target, url);
    if (response.status === 303 || (method === 'POST' && response.status <= 302)) {
      if (method !== 'HEAD') method = 'GET';
      body = null;
      headers = without(headers, OF_A_BODY);
    }
    if (next.origin !== url.origin) headers = without(headers, CREDENTIALS);
    url = next;
  }
  throw PlatformError.of('UPSTREAM_UNAVAILABLE', `${url.host} redirects more than ${MAX_REDIRECTS} times.`);
}

function redirectOf({ status, headers }: { status: number; headers: HeaderList }): string | undefined {
  if (!REDIRECTS.has(status)) return undefined;
  return headers.find(([name]) => name.toLowerCase() === 'location')?.[1];
}

export async function closeUnread({ body }: WireResponse): Promise<void> {
  if (body === null || body instanceof Uint8Array) return;
  // Read once, so that the generator runs its end.
  const chunks = body[Symbol.asyncIterator]();
  await chunks.next().catch(() => undefined);
  await chunks.return?.();
}

export function toUrl(text: string, base?: URL): URL {
  const url = URL.parse(text, base);
  if (url === null) throw PlatformError.of('INVALID_REQUEST', 'That is no address.');
  url.hash = '';
  return url;
}

/** Aborts with TIMEOUT. The timer keeps no process alive. */
export function deadline(timeoutMs: number): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(PlatformError.of('TIMEOUT')), timeoutMs).unref();
  return controller.signal;
}

/** Looking up a name cannot be stopped; waiting for it can. */
export async function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
