import type { WebInvocation, WireResponse } from '@switchyard/protocol';
import type { HostPort } from './bundle-runtime.ts';
import { createContext } from './create-context.ts';
import type { Loaded } from './loaded.ts';
import { toRequest, toWireResponse } from './wire-fetch.ts';

/** Answers a site's request. The invocation goes on until the body and everything given to `waitUntil` has ended. */
export async function runWeb(
  loaded: Loaded,
  { request, request_id, site, user }: WebInvocation,
  port: HostPort,
): Promise<WireResponse> {
  const { web, id } = loaded.definition;
  if (web === undefined) throw new Error(`bundle "${id}" has no web.fetch: it answers no requests`);
  const ctx = createContext(loaded, port, {
    ...(site === undefined ? {} : { site }),
    ...(request_id === undefined ? {} : { request_id }),
    ...(user === undefined ? {} : { user }),
    waitUntil: (work: Promise<unknown>) => port.waitUntil(work),
  });
  const response = await web.fetch(toRequest(request, port.signal), ctx);
  if (!(response instanceof Response)) throw new TypeError('web.fetch must return a Response');
  return toWireResponse(response);
}
