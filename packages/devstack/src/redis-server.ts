import { accessSync, constants } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { startServerProcess } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';
import type { Warden } from './warden.ts';

/** Valkey speaks the same protocol and is what some distributions ship instead. */
const PROGRAMS = ['redis-server', 'valkey-server'];

export const findOnPath = (programs: readonly string[], path: string): string | undefined => {
  for (const program of programs) {
    for (const folder of path.split(delimiter)) {
      const candidate = join(folder, program);
      try {
        accessSync(candidate, constants.X_OK);
        return candidate;
      } catch {
        // not in this folder
      }
    }
  }
  return undefined;
};

export const findRedisServer = (path: string): string | undefined => findOnPath(PROGRAMS, path);

export interface RedisServerOptions {
  /** Data folder; also holds the settings file, because a password in the arguments would show in the process list. */
  readonly dir: string;
  readonly port: number;
  readonly password?: string;
  readonly path: string;
  /** Further lines of the settings file, over ours; for tests that try another fsync policy. */
  readonly settings?: readonly string[];
  readonly onLine?: (line: string) => void;
  readonly warden?: Warden;
}

export interface RedisServer extends ServerProcess {
  readonly url: string;
}

export const redisUrl = (port: number, password?: string): string =>
  `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`;

/** Starts a Redis of our own on loopback with its append-only file on. */
export const startRedisServer = async (options: RedisServerOptions): Promise<RedisServer> => {
  const command = findRedisServer(options.path);
  if (command === undefined) throw new Error('no redis-server or valkey-server on the PATH');
  // Not by mkdir's mode: that would close the parents, which Postgres' account must pass, too.
  await mkdir(options.dir, { recursive: true });
  await chmod(options.dir, 0o700);
  const settings = [
    `port ${options.port}`,
    'bind 127.0.0.1',
    `dir "${options.dir}"`,
    'appendonly yes',
    'save ""',
    'daemonize no',
    'logfile ""',
    // Past this many bytes writes are refused, never evicted: what is in Redis is the queue.
    'maxmemory-policy noeviction',
    ...(options.password === undefined ? [] : [`requirepass ${options.password}`]),
    ...(options.settings ?? []),
  ];
  const file = join(options.dir, 'redis.conf');
  await writeFile(file, `${settings.join('\n')}\n`, { mode: 0o600 });
  const server = await startServerProcess({
    name: 'redis',
    command,
    args: [file],
    env: { PATH: options.path },
    stopSignal: 'SIGTERM',
    stopGraceMs: 10_000,
    readyMs: 30_000,
    isReadyLine: (line) => line.includes('Ready to accept connections'),
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
    ...(options.warden === undefined ? {} : { warden: options.warden }),
  });
  return { ...server, url: redisUrl(options.port, options.password) };
};
