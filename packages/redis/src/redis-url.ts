import { isIPv6 } from 'node:net';
import { PlatformError, text } from '@switchyard/kernel';

export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

interface Access {
  readonly username?: string;
  readonly password?: string;
  readonly isTls: boolean;
}

/** What a `REDIS_URL` says. */
export type RedisAddress =
  | (Access & { readonly kind: 'single'; readonly node: NodeAddress; readonly db: number })
  | (Access & {
      readonly kind: 'sentinel';
      /** The sentinels. `username` and `password` are those of the servers behind them. */
      readonly nodes: readonly NodeAddress[];
      readonly master: string;
      readonly db: number;
      readonly sentinelUsername?: string;
      readonly sentinelPassword?: string;
    })
  | (Access & { readonly kind: 'cluster'; readonly nodes: readonly NodeAddress[] });

const FORM = /^(rediss?)(?:\+(sentinel|cluster))?:\/\/(?:([^@/?]*)@)?([^/?]*)(?:\/([^?]*))?(?:\?(.*))?$/;
const FORMS =
  'expected redis://host:port, redis+sentinel://host:port,host:port/<master name> or redis+cluster://host:port,host:port (rediss for TLS)';
const SENTINEL_PARAMETERS = ['sentinel_username', 'sentinel_password'];
const PORTS = { single: 6379, cluster: 6379, sentinel: 26_379 } as const;

/**
 * The one place that reads `REDIS_URL`:
 *
 *     redis://[[user]:password@]host[:port][/<db>]
 *     redis+sentinel://[[user]:password@]host[:port],host[:port]/<master name>[/<db>][?sentinel_password=...&sentinel_username=...]
 *     redis+cluster://[[user]:password@]host[:port],host[:port]
 *
 * each with `rediss` for TLS. Throws CONFIG with what is wrong; the text itself, which may hold a password, is never shown.
 */
export function parseRedisUrl(url: string): RedisAddress {
  const match = FORM.exec(url.trim());
  if (match === null) throw invalid(FORMS);
  const [, scheme, kind = 'single', userinfo, hosts = '', path = '', query = ''] = match;
  const access = { ...readAccess(userinfo), isTls: scheme === 'rediss' };
  const nodes = readNodes(hosts, PORTS[kind as keyof typeof PORTS]);
  const parameters = readParameters(query, kind === 'sentinel' ? SENTINEL_PARAMETERS : []);
  if (kind === 'cluster') {
    if (path !== '') throw invalid('a cluster has no database number: nothing may follow the addresses');
    return { kind, ...access, nodes };
  }
  if (kind === 'sentinel') {
    const [master = '', db, ...rest] = path.split('/').map((part) => decode(part));
    if (master === '' || rest.length > 0)
      throw invalid('the master name is missing: redis+sentinel://host:port,host:port/<master name>');
    return { kind, ...access, nodes, master, db: readDb(db), ...sentinelAccess(parameters) };
  }
  const [node, ...others] = nodes;
  if (node === undefined || others.length > 0)
    throw invalid('redis:// names one server; several are redis+sentinel:// or redis+cluster://');
  return { kind: 'single', ...access, node, db: readDb(path) };
}

/** The setting of this name: a text that `parseRedisUrl` can read. */
export function redisUrlSetting(fallback?: string) {
  return text(fallback).superRefine((url: string, context) => {
    try {
      parseRedisUrl(url);
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : String(error) });
    }
  });
}

export function nameOfNode({ host, port }: NodeAddress): string {
  return `${isIPv6(host) ? `[${host}]` : host}:${port}`;
}

function readAccess(userinfo: string | undefined): { username?: string; password?: string } {
  if (userinfo === undefined) return {};
  const colon = userinfo.indexOf(':');
  if (colon < 0) throw invalid('the part before @ must be user:password or :password');
  const [username, password] = [decode(userinfo.slice(0, colon)), decode(userinfo.slice(colon + 1))];
  return { ...(username === '' ? {} : { username }), ...(password === '' ? {} : { password }) };
}

function sentinelAccess(parameters: URLSearchParams) {
  const [username, password] = [parameters.get('sentinel_username'), parameters.get('sentinel_password')];
  return {
    ...(username === null ? {} : { sentinelUsername: username }),
    ...(password === null ? {} : { sentinelPassword: password }),
  };
}

function readNodes(hosts: string, defaultPort: number): NodeAddress[] {
  return hosts.split(',').map((part) => {
    const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/.exec(part);
    const host = match?.[1] ?? match?.[2];
    const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
    if (host === undefined) throw invalid('an address is not host:port');
    if (port < 1 || port > 65_535) throw invalid(`the port of ${host} is not between 1 and 65535`);
    return { host, port };
  });
}

function readParameters(query: string, allowed: readonly string[]): URLSearchParams {
  const parameters = new URLSearchParams(query);
  for (const name of parameters.keys())
    if (!allowed.includes(name)) throw invalid(`there is no parameter ${JSON.stringify(name)} here`);
  return parameters;
}

function readDb(text: string | undefined): number {
  if (text === undefined || text === '') return 0;
  if (!/^\d{1,5}$/.test(text)) throw invalid('the database is not a number');
  return Number(text);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw invalid('a % is not followed by two hexadecimal digits');
  }
}

function invalid(problem: string): PlatformError {
  return PlatformError.of('CONFIG', `the address of redis is not valid: ${problem}`);
}
