import type { HeaderList } from '@switchyard/protocol';
import { chooseAddresses } from './choose-address.ts';
import type { ResolveHost } from './choose-address.ts';
import { requestHeaders } from './clean-headers.ts';
import { closeUnread, resolveHost, toUrl, untilAborted } from './http-capability.ts';
import type { HttpSettings } from './http-capability.ts';
import { sendRequest } from './send-request.ts';

export interface GuardedPost {
  readonly url: string;
  /** Of the manifest of the bundle for which it is sent. */
  readonly httpHosts: readonly string[];
  readonly headers: HeaderList;
  readonly body: string;
  readonly signal: AbortSignal;
}

/**
 * One POST under the rules of `http.fetch`: hosts that the bundle asks for and the operator allows, no private address, the address that
 * was checked is the one that is connected to. A redirect is an answer, and no body is read. Rejects as `http.fetch` does.
 */
export async function sendGuarded(
  { url: text, httpHosts, headers, body, signal }: GuardedPost,
  { allowedHosts, privateHosts }: Pick<HttpSettings, 'allowedHosts' | 'privateHosts'>,
  resolve: ResolveHost = resolveHost,
): Promise<{ status: number }> {
  const url = toUrl(text);
  const hosts = { asked: httpHosts, allowed: allowedHosts, privateHosts };
  const addresses = await untilAborted(chooseAddresses(url, hosts, resolve), signal);
  const response = await sendRequest({
    url,
    method: 'POST',
    headers: requestHeaders(headers),
    body: Buffer.from(body),
    addresses,
    maxResponseBytes: Number.MAX_SAFE_INTEGER,
    signal,
  });
  await closeUnread(response);
  return { status: response.status };
}
