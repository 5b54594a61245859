import { PlatformError } from '@switchyard/kernel';

/**
 * The addresses that a setting names, one or several of the same service. Throws CONFIG naming the setting: for what is no address of HTTP, and
 * for a path in it, which would be lost, because paths are sent on as they came.
 */
export const readAddresses = (setting: string, addresses: readonly string[]): URL[] =>
  addresses.map((address) => {
    const url = URL.canParse(address) ? new URL(address) : undefined;
    const isPlain = url?.pathname === '/' && url.search === '' && url.hash === '';
    if (url === undefined || !/^https?:$/u.test(url.protocol) || !isPlain)
      throw PlatformError.of('CONFIG', `web-proxy: ${setting} holds an address that is not http://host:port`);
    return url;
  });
