import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openStore } from '@switchyard/store';
import { canReach, ensureDatabaseUser } from './database-user.ts';
import type { DatabaseUser } from './database-user.ts';
import { copyPostgres, locatePostgres, preparePostgres } from './postgres-binaries.ts';
import type { PostgresBinaries } from './postgres-binaries.ts';
import { startServerProcess } from './server-process.ts';
import type { ServerProcess } from './server-process.ts';
import type { Warden } from './warden.ts';

const SUPERUSER = 'switchyard';

export interface PostgresServerOptions {
  /** Holds `cluster/` and, where the installed binaries are out of reach for the database user, a copy of them. */
  readonly dir: string;
  readonly port: number;
  readonly password: string;
  /** Only for tests: a crash of the machine may lose or tear data. */
  readonly unsafeFast?: boolean;
  /** Further settings as `name=value`, over ours. */
  readonly settings?: readonly string[];
  readonly onLine?: (line: string) => void;
  readonly warden?: Warden;
}

export interface PostgresServer extends ServerProcess {
  /** Address of one database of the cluster; the maintenance database when no name is given. */
  url(database?: string): string;
  /** Makes the database on first use. */
  ensureDatabase(name: string): Promise<void>;
}

export const postgresUrl = (port: number, password: string, database = 'postgres'): string =>
  `postgres://${SUPERUSER}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;

const asUser = (user: DatabaseUser | undefined): { uid?: number; gid?: number } => user ?? {};

/** initdb leaves no half cluster behind: PG_VERSION is written early, so a failed run is removed whole. */
const initCluster = async (
  cluster: string,
  binaries: PostgresBinaries,
  options: PostgresServerOptions,
  user: DatabaseUser | undefined,
): Promise<void> => {
  const passwordFile = join(options.dir, 'initial-password');
  await writeFile(passwordFile, `${options.password}\n`, { mode: 0o600 });
  if (user) await chown(passwordFile, user.uid, user.gid);
  const fast = options.unsafeFast === true ? ['--no-sync'] : [];
  try {
    await promisify(execFile)(
      binaries.initdb,
      [`--pgdata=${cluster}`, '--auth=scram-sha-256', `--username=${SUPERUSER}`, `--pwfile=${passwordFile}`]
        .concat(['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'])
        .concat(fast),
      { ...asUser(user), cwd: '/', env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' } },
    );
  } catch (error) {
    await rm(cluster, { recursive: true, force: true });
    throw error;
  } finally {
    await rm(passwordFile, { force: true });
  }
};

const usableBinaries = async (dir: string, user: DatabaseUser | undefined): Promise<PostgresBinaries> => {
  const installed = locatePostgres();
  await preparePostgres(installed);
  if (!user || canReach(installed.postgres, user)) return installed;
  return copyPostgres(installed, join(dir, 'binaries'));
};

const settings = (options: PostgresServerOptions): string[] => {
  const base = [
    'listen_addresses=127.0.0.1',
    'unix_socket_directories=',
    'max_connections=200',
    'log_line_prefix=',
  ];
  const fast = ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off', 'shared_buffers=64MB'];
  const all = [...base, ...(options.unsafeFast === true ? fast : []), ...(options.settings ?? [])];
  return all.flatMap((setting) => ['-c', setting]);
};

const ensureDatabase = async (adminUrl: string, name: string): Promise<void> => {
  const admin = await openStore({ url: adminUrl, poolSize: 1, applicationName: 'launcher' });
  try {
    const found = await admin.sql.query({
      text: 'select 1 from pg_database where datname = $1',
      values: [name],
    });
    if (found.length === 0) await admin.sql.query({ text: `create database "${name}"` });
  } finally {
    await admin.close();
  }
};

/** Starts a real Postgres on loopback from npm's binaries, making the cluster on first use. */
export const startPostgresServer = async (options: PostgresServerOptions): Promise<PostgresServer> => {
  const user = ensureDatabaseUser();
  await mkdir(options.dir, { recursive: true });
  if (user) {
    await chown(options.dir, user.uid, user.gid);
    if (!canReach(join(options.dir, 'x'), user)) {
      throw new Error(
        `${options.dir} is out of reach for the account that Postgres runs under; choose another --data`,
      );
    }
  }
  await chmod(options.dir, 0o700);
  const binaries = await usableBinaries(options.dir, user);
  const cluster = join(options.dir, 'cluster');
  if (!existsSync(join(cluster, 'PG_VERSION'))) await initCluster(cluster, binaries, options, user);
  const server = await startServerProcess({
    name: 'postgres',
    command: binaries.postgres,
    args: ['-D', cluster, '-p', String(options.port), ...settings(options)],
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    cwd: '/',
    ...asUser(user),
    // SIGINT is Postgres' fast shutdown: sessions are ended, the data is written, no recovery at the next start.
    stopSignal: 'SIGINT',
    stopGraceMs: 15_000,
    readyMs: 60_000,
    isReadyLine: (line) => line.includes('database system is ready to accept connections'),
    ...(options.onLine === undefined ? {} : { onLine: options.onLine }),
    ...(options.warden === undefined ? {} : { warden: options.warden }),
  });
  const url = (database?: string): string => postgresUrl(options.port, options.password, database);
  return { ...server, url, ensureDatabase: (name) => ensureDatabase(url(), name) };
};
