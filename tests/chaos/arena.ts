import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { issueAccessToken, startWarden } from '@switchyard/devstack';
import { migrate, openStore } from '@switchyard/store';
import type { Store } from '@switchyard/store';
import { startFleet } from '@switchyard/testkit';
import type { Fleet, FleetMember, MemberOptions } from '@switchyard/testkit';
import { clearFormerRuns, folderPrefix } from './clear-former-runs.ts';
import { findFaketime } from './find-faketime.ts';
import { DRIFTERS, INGRESSES, MEMBERS, SCOPE } from './members.ts';
import type { MemberName } from './members.ts';
import { openPostgresBox } from './postgres-box.ts';
import type { PostgresBox } from './postgres-box.ts';
import { openRedisBox } from './redis-box.ts';
import type { RedisBox } from './redis-box.ts';
import { openSmallDisk } from './small-disk.ts';
import type { SmallDisk } from './small-disk.ts';
import { openTcpProxy } from './tcp-proxy.ts';
import type { TcpProxy } from './tcp-proxy.ts';

/** Short leases, so that recovery happens often in a short run; limits of turns that a run can wait for. */
export const SETTINGS = {
  LEASE: '2s',
  LEASE_RENEW: '500ms',
  REAP_EVERY: '500ms',
  RECONCILE_EVERY: '2s',
  RECONCILE_AFTER: '6s',
  HEARTBEAT_EVERY: '1s',
  TURN_IDLE: '5s',
  TURN_WALL: '20s',
  ABORT_GRACE: '1s',
  DRAIN_LIMIT: '4s',
  STREAM_BUFFER: '64KiB',
  STREAM_DRAIN_LIMIT: '10s',
  RATE_ANONYMOUS: '100000/1m',
  RATE_REGISTERED: '100000/1m',
  RATE_ADDRESS: '100000/1m',
} as const;

/** Two ingress, three proc, their stores, and a road to each that can be made bad. */
export interface Arena {
  readonly redis: RedisBox;
  readonly postgres: PostgresBox;
  readonly disks: { readonly redis: SmallDisk; readonly postgres: SmallDisk };
  readonly fleet: Fleet;
  /** From a service to a store. */
  readonly roads: Readonly<Record<MemberName, { redis: TcpProxy; postgres: TcpProxy }>>;
  /** From clients to an ingress; `crawl` gives them a byte a second, always. */
  readonly fronts: readonly { readonly member: FleetMember; open: TcpProxy; crawl: TcpProxy }[];
  /** Where the bundle versions lie: it stands in the command line of every host of this run. */
  readonly bundleStore: string;
  /** Straight to the database, past every road. */
  readonly store: Store;
  /** Sets the clock of the drifters; undefined where libfaketime is not installed. */
  readonly setClock: ((member: string, offsetSeconds: number) => Promise<void>) | undefined;
  token(user: string): Promise<string>;
  close(): Promise<void>;
}

const REDIS_MB = 512;
const POSTGRES_MB = 1024;
const CRAWL = { kind: 'trickle', bytesPerSecond: 1 } as const;

const openRoads = async (redisPort: number, postgresPort: number): Promise<Arena['roads']> => {
  const roads = await Promise.all(
    MEMBERS.map(async (name) => [
      name,
      { redis: await openTcpProxy(redisPort), postgres: await openTcpProxy(postgresPort) },
    ]),
  );
  return Object.fromEntries(roads) as Arena['roads'];
};

const onPort = (url: string, port: number): string => {
  const changed = new URL(url);
  changed.port = String(port);
  return changed.href;
};

interface Paths {
  readonly dir: string;
  /** Where lines of services and servers are kept. */
  readonly logs: string;
}

const clockFile = ({ dir }: Paths, member: string): string => join(dir, `clock-${member}`);

/** Wall clock only: a monotonic clock that jumps exists on no machine. */
const fakeClock = (library: string, file: string): Record<string, string> => ({
  LD_PRELOAD: library,
  FAKETIME_TIMESTAMP_FILE: file,
  FAKETIME_CACHE_DURATION: '1',
  FAKETIME_DONT_FAKE_MONOTONIC: '1',
});

const memberOptions = (
  paths: Paths,
  roads: Arena['roads'],
  { redis, postgres }: Pick<Arena, 'redis' | 'postgres'>,
  library: string | undefined,
): MemberOptions[] =>
  MEMBERS.map((name) => ({
    name,
    service: name.startsWith('ingress') ? 'chat-ingress' : 'chat-proc',
    redisUrl: onPort(redis.url, roads[name].redis.port),
    databaseUrl: onPort(postgres.url, roads[name].postgres.port),
    ...(library !== undefined && DRIFTERS.some((each) => each === name)
      ? { processEnv: fakeClock(library, clockFile(paths, name)) }
      : {}),
  }));

const createLineFiles = (logs: string) => {
  const files = new Map<string, ReturnType<typeof createWriteStream>>();
  return {
    write: (source: string, line: string): void => {
      const file = files.get(source) ?? createWriteStream(join(logs, `${source}.log`));
      files.set(source, file);
      file.write(`${line}\n`);
    },
    close: async (): Promise<void> => {
      await Promise.all(
        [...files.values()].map((file) => new Promise<void>((resolve) => void file.end(() => resolve()))),
      );
    },
  };
};

/** Brings everything up. What was opened is closed when a later step fails. */
export const openArena = async (
  logs: string,
  onLine: (source: string, line: string) => void,
): Promise<Arena> => {
  const closers: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (let next = closers.pop(); next; next = closers.pop()) await next();
  };
  try {
    return await open(logs, onLine, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
};

const open = async (
  logs: string,
  onLine: (source: string, line: string) => void,
  closers: (() => Promise<void>)[],
  close: () => Promise<void>,
): Promise<Arena> => {
  await clearFormerRuns();
  const dir = await mkdtemp(folderPrefix(process.pid));
  closers.push(() => rm(dir, { recursive: true, force: true }));
  await chmod(dir, 0o755); // Postgres' own account passes through here
  await mkdir(logs, { recursive: true });
  const files = createLineFiles(logs);
  closers.push(files.close);
  const say = (source: string) => (line: string) => {
    files.write(source, line);
    onLine(source, line);
  };
  const warden = startWarden();
  closers.push(() => warden.release());
  const disks = {
    redis: await openSmallDisk(join(dir, 'redis'), REDIS_MB),
    postgres: await openSmallDisk(join(dir, 'postgres'), POSTGRES_MB),
  };
  closers.push(async () => {
    await disks.redis.close();
    await disks.postgres.close();
  });
  const redis = await openRedisBox(disks.redis.path, warden, say('redis'));
  closers.push(redis.close);
  const postgres = await openPostgresBox(join(disks.postgres.path, 'server'), warden, say('postgres'));
  closers.push(postgres.close);
  await migrate(postgres.url);
  const store = await openStore({ url: postgres.url, poolSize: 4, applicationName: 'chaos' });
  closers.push(() => store.close());

  const roads = await openRoads(redis.port, postgres.port);
  closers.push(async () => {
    for (const road of Object.values(roads)) await Promise.all([road.redis.close(), road.postgres.close()]);
  });
  const library = findFaketime();
  const paths = { dir, logs };
  for (const name of DRIFTERS) await writeFile(clockFile(paths, name), '+0');
  const masterKey = randomBytes(32).toString('base64');
  const fleet = await startFleet({
    members: memberOptions(paths, roads, { redis, postgres }, library),
    dataDir: join(dir, 'data'),
    bundlesDir: fileURLToPath(new URL('./bundles', import.meta.url)),
    masterKey,
    env: SETTINGS,
    onLine: (member, line) => say(member)(line),
  });
  closers.push(fleet.stop);
  const fronts = await Promise.all(
    INGRESSES.map(async (name) => {
      const member = fleet.member(name);
      return { member, open: await openTcpProxy(member.port), crawl: await openTcpProxy(member.port, CRAWL) };
    }),
  );
  closers.push(async () => {
    for (const front of fronts) await Promise.all([front.open.close(), front.crawl.close()]);
  });
  const access = { ...SCOPE, redisUrl: redis.url, databaseUrl: postgres.url, masterKey };
  return {
    redis,
    postgres,
    disks,
    fleet,
    roads,
    fronts,
    store,
    bundleStore: join(dir, 'data', 'bundles'),
    setClock:
      library === undefined
        ? undefined
        : (member, offset) => writeFile(clockFile(paths, member), `${offset < 0 ? '' : '+'}${offset}`),
    token: (user) => issueAccessToken(access, { user, type: 'registered' }),
    close,
  };
};
