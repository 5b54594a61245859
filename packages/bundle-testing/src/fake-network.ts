import { PlatformError } from '@switchyard/kernel';
import type { WireRequest, WireResponse } from '@switchyard/protocol';
import type { FakeCaller, FakeHandlers } from './fake-caller.ts';
import type { FakePlatform, Fetch } from './fake-platform.ts';

/** What goes out: to allowed hosts, and to the model. Nothing does: the test answers. */
export function createFakeNetwork(platform: FakePlatform): Pick<FakeHandlers, 'http' | 'model'> {
  return {
    http: {
      async fetch(caller, request) {
        requireAllowed(caller, request.url);
        return relay(platform.http, 'platform.http', request, caller.signal);
      },
      async deliver(caller, webhook) {
        requireAllowed(caller, webhook.url);
        const { idempotencyKey, event } = webhook;
        const at = platform.webhooks.findIndex(
          (one) =>
            idempotencyKey !== undefined && one.idempotencyKey === idempotencyKey && one.event === event,
        );
        if (at === -1) platform.webhooks.push(webhook);
        return { delivery_id: `w-${at === -1 ? platform.webhooks.length : at + 1}`, is_new: at === -1 };
      },
    },
    model: {
      async describe() {
        if (platform.model === undefined) return null;
        const { provider, model, protocol } = platform.model;
        return { provider, model, protocol };
      },
      fetch: (caller, request) => relay(platform.model?.fetch, 'platform.model', request, caller.signal),
    },
  };
}

function requireAllowed(caller: FakeCaller, url: string): void {
  const { hostname } = new URL(url);
  if (!caller.httpHosts.some((host) => matches(host, hostname)))
    throw PlatformError.of('CAPABILITY_DENIED', `The bundle may not reach ${hostname}.`);
}

function matches(pattern: string, hostname: string): boolean {
  return pattern.startsWith('*.') ? hostname.endsWith(pattern.slice(1)) : hostname === pattern;
}

function missing(what: string): PlatformError {
  return PlatformError.of('UNAVAILABLE', `The test has set no ${what}.`);
}

async function relay(
  answer: Fetch | undefined,
  what: string,
  { method, url, headers, body }: WireRequest,
  signal: AbortSignal,
): Promise<WireResponse> {
  if (answer === undefined) throw missing(what);
  const sent = body instanceof Uint8Array ? { body: new Uint8Array(body) } : {};
  const response = await answer(new Request(url, { method, headers, signal, ...sent }));
  return { status: response.status, headers: [...response.headers], body: response.body };
}
