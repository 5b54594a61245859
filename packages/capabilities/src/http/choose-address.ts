import { isIP } from 'node:net';
import { PlatformError, isPublicAddress } from '@switchyard/kernel';

/** All addresses of a name, in the order to try them. Rejects where there is none. */
export type ResolveHost = (host: string) => Promise<string[]>;

export interface AllowedHosts {
  /** Of the bundle's manifest: `api.example.com`, `*.example.com`. */
  readonly asked: readonly string[];
  /** Of the operator, in the same words; `*`: what a bundle asks for. */
  readonly allowed: readonly string[];
  /** `host:port` that may be reached though it is not public, where a bundle asks for its host. */
  readonly privateHosts: readonly string[];
}

/**
 * The addresses that a request may connect to: the name is resolved here and nowhere else, so what was checked is what is connected to.
 * One address that is not public refuses the name. Rejects CAPABILITY_DENIED, or UPSTREAM_UNAVAILABLE for a name that does not resolve.
 */
export async function chooseAddresses(
  url: URL,
  hosts: AllowedHosts,
  resolve: ResolveHost,
): Promise<string[]> {
  const host = requireAllowed(url, hosts);
  const port = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  const addresses = isIP(host) === 0 ? await resolved(host, resolve) : [host];
  if (hosts.privateHosts.includes(`${host}:${port}`)) return addresses;
  if (!addresses.every(isPublicAddress)) throw denied(`${host} is no public address`);
  return addresses;
}

/** The host, where its name may be asked for at all; its address is another question. Throws CAPABILITY_DENIED. */
export function requireAllowed(url: URL, hosts: AllowedHosts): string {
  const host = hostOf(url);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw denied('only http and https are spoken');
  if (url.username !== '' || url.password !== '') throw denied('an address holds no user and password');
  if (!hosts.asked.some((pattern) => matchesHost(pattern, host)))
    throw denied(`the bundle does not ask for ${host}`);
  if (!hosts.allowed.some((pattern) => pattern === '*' || matchesHost(pattern, host)))
    throw denied(`the operator does not allow ${host}`);
  return host;
}

/** `*.example.com` is all below it and not itself. */
export function matchesHost(pattern: string, host: string): boolean {
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) : pattern === host;
}

/** Without the brackets of IPv6 and the dot of the root, which would be another spelling of one name. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/u, '$1').replace(/\.$/u, '');
}

async function resolved(host: string, resolve: ResolveHost): Promise<string[]> {
  const addresses = await resolve(host).catch((): string[] => []);
  if (addresses.length > 0) return addresses;
  throw PlatformError.of('UPSTREAM_UNAVAILABLE', `The name ${host} has no address.`);
}

function denied(reason: string): PlatformError {
  return PlatformError.of('CAPABILITY_DENIED', `The request was not made: ${reason}.`);
}
