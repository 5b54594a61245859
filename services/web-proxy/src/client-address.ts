import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { TLSSocket } from 'node:tls';
import { PlatformError } from '@switchyard/kernel';

/** Who sent a request and how it came, as far as it is believed. */
export interface Client {
  readonly address: string;
  readonly isTls: boolean;
  /** It came through a proxy whose word counts, which has one connection for many clients. */
  readonly isTold: boolean;
}

export interface ClientReader {
  read(request: Pick<IncomingMessage, 'headers' | 'socket'>): Client;
  isTrusted(address: string | undefined): boolean;
}

const MAPPED = /^::ffff:(?=\d+\.)/iu;

/** An address of IPv4 as such, also where a socket for both kinds has written it as one of IPv6. */
export const plainAddress = (address: string): string => address.trim().replace(MAPPED, '');

const readTrusted = (patterns: readonly string[]): BlockList => {
  const trusted = new BlockList();
  for (const pattern of patterns) {
    const [address = '', bits] = pattern.split('/');
    const version = isIP(address);
    const widest = version === 4 ? 32 : 128;
    const prefix = bits === undefined ? widest : Number(bits);
    if (version === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > widest)
      throw PlatformError.of('CONFIG', 'web-proxy: TRUSTED_PROXIES holds what is no address and no network');
    trusted.addSubnet(address, prefix, version === 4 ? 'ipv4' : 'ipv6');
  }
  return trusted;
};

/**
 * Reads who a client is. From a trusted proxy the last address in `X-Forwarded-For` that is not itself a trusted proxy's counts, for everything
 * before it may be made up; from anybody else only the connection does. Throws CONFIG for what is no network.
 */
export const createClientReader = (trustedProxies: readonly string[]): ClientReader => {
  const trusted = readTrusted(trustedProxies);
  const isTrusted = (address: string | undefined): boolean => {
    if (trustedProxies.length === 0 || address === undefined) return false;
    const known = plainAddress(address);
    const version = isIP(known);
    return version !== 0 && trusted.check(known, version === 6 ? 'ipv6' : 'ipv4');
  };
  const told = (header: string | string[] | undefined, peer: string): string => {
    let address = peer;
    for (const each of String(header ?? '')
      .split(',')
      .reverse()) {
      const hop = plainAddress(each);
      if (isIP(hop) === 0) break;
      address = hop;
      if (!isTrusted(hop)) break;
    }
    return address;
  };
  return {
    isTrusted,
    read: ({ headers, socket }) => {
      const peer = plainAddress(socket.remoteAddress ?? '');
      const isTls = socket instanceof TLSSocket;
      if (!isTrusted(peer)) return { address: peer, isTls, isTold: false };
      const scheme = String(headers['x-forwarded-proto'] ?? '')
        .split(',')
        .at(-1)
        ?.trim();
      return {
        address: told(headers['x-forwarded-for'], peer),
        isTls: scheme === '' ? isTls : scheme === 'https',
        isTold: true,
      };
    },
  };
};
