import { PlatformError } from '@switchyard/kernel';

/** What a server says of itself in INFO. A word that it does not say (managed services hide some) is empty. */
export interface ServerInfo {
  readonly runId: string;
  readonly role: string;
  /** `redis 7.0.15`, `valkey 8.0.1`. */
  readonly product: string;
  /** The version of Redis that it speaks as: Valkey says 7.2. */
  readonly version: string;
}

/** Sharded pub/sub and script flags came with it. */
const FLOOR_MAJOR = 7;

export function readServerInfo(text: string): ServerInfo {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\r?$`, 'm').exec(text)?.[1] ?? '';
  const version = field('redis_version');
  const valkey = field('valkey_version');
  return {
    runId: /^[0-9a-f]+$/.exec(field('run_id'))?.[0] ?? '',
    role: field('role'),
    product: valkey === '' ? `redis ${version}` : `valkey ${valkey}`,
    version,
  };
}

export function isTooOld(version: string): boolean {
  const major = Number.parseInt(version, 10);
  return !Number.isNaN(major) && major < FLOOR_MAJOR;
}

/** Why this server cannot be used at all; undefined when it can, or does not say its version. */
export function refusalOfServer({ version, product }: ServerInfo): PlatformError | undefined {
  if (!isTooOld(version)) return undefined;
  return PlatformError.of(
    'CONFIG',
    `${product} is too old: Redis ${FLOOR_MAJOR}.0 or newer is needed, or Valkey`,
  );
}
