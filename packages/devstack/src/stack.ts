import { join } from 'node:path';
import { migrate } from '@switchyard/store';
import type { DataFolder } from './data-folder.ts';
import { freePort } from './free-port.ts';
import { startPostgresServer } from './postgres-server.ts';
import type { PostgresServer } from './postgres-server.ts';
import { startRedisServer } from './redis-server.ts';
import type { RedisServer } from './redis-server.ts';
import type { RunningProcess } from './run-file.ts';
import { SERVICE_NAMES, serviceEntry, serviceEnv } from './service-catalog.ts';
import type { ServiceName, ServicePorts, StackSettings } from './service-catalog.ts';
import { pickServiceEnv } from './service-settings.ts';
import { createSupervisedService } from './supervisor.ts';
import type { SupervisedService, SupervisorEvents } from './supervisor.ts';
import { waitReady } from './wait-ready.ts';
import { startWarden } from './warden.ts';

const DATABASE = 'switchyard';
const SERVICE_READY_MS = 60_000;
const SERVICE_STOP_MS = 20_000;

export interface StackOptions {
  /** The repository. */
  readonly root: string;
  readonly data: DataFolder;
  readonly ports: ServicePorts;
  readonly path: string;
  readonly tenant?: string;
  readonly project?: string;
  /** The shipped bundles unless said otherwise. */
  readonly bundlesDir?: string;
  /** Servers that somebody else runs; they are used and never touched. */
  readonly redisUrl?: string;
  readonly databaseUrl?: string;
  /** Only for tests, see the Postgres server. */
  readonly unsafeFast?: boolean;
  /** Which services are started; all of them when not given. */
  readonly services?: readonly ServiceName[];
  readonly isRestarted: boolean;
  readonly nodeEnv?: string;
  readonly logLevel?: string;
  readonly userEnv?: Readonly<Record<string, string | undefined>>;
  /** Stops a start between two steps. */
  readonly signal?: AbortSignal;
  readonly onLine: (source: string, line: string) => void;
  /** Called when a step begins; the returned function when it is done, with a word on how. */
  readonly onStep: (what: string) => (result: string) => void;
  readonly events?: SupervisorEvents;
}

export interface Stack {
  readonly settings: StackSettings;
  readonly url: string;
  service(name: ServiceName): SupervisedService;
  /** Our own Redis; undefined when it belongs to somebody else. */
  readonly redis: RedisServer | undefined;
  /** Everything that was started and lives, in start order. */
  processes(): RunningProcess[];
  /** Ends all in reverse order. Safe on half a start and twice. */
  stop(): Promise<void>;
  /** Ends all at once and hard: the second Ctrl-C. */
  kill(): Promise<void>;
}

interface Servers {
  readonly redis: RedisServer | undefined;
  readonly postgres: PostgresServer | undefined;
  readonly redisUrl: string;
  readonly databaseUrl: string;
}

type Closers = (() => Promise<void>)[];
type Warden = ReturnType<typeof startWarden>;

const startServers = async (options: StackOptions, warden: Warden, closers: Closers): Promise<Servers> => {
  const { data, path, onLine, onStep } = options;
  let [redis, postgres]: [RedisServer | undefined, PostgresServer | undefined] = [undefined, undefined];
  let { redisUrl, databaseUrl } = options;
  if (redisUrl === undefined) {
    const done = onStep('redis');
    const port = await freePort();
    const password = data.credentials.redisPassword;
    redis = await startRedisServer({
      dir: data.redis,
      port,
      password,
      path,
      warden,
      onLine: (line) => onLine('redis', line),
    });
    const started = redis;
    closers.push(() => started.stop());
    redisUrl = redis.url;
    done(`on port ${port}`);
  }
  if (databaseUrl === undefined) {
    const done = onStep('postgres');
    postgres = await startPostgresServer({
      dir: data.postgres,
      port: await freePort(),
      password: data.credentials.postgresPassword,
      unsafeFast: options.unsafeFast === true,
      onLine: (line) => onLine('postgres', line),
      warden,
    });
    const started = postgres;
    closers.push(() => started.stop());
    await postgres.ensureDatabase(DATABASE);
    databaseUrl = postgres.url(DATABASE);
    done(`on port ${new URL(databaseUrl).port}, data in ${data.postgres}`);
  }
  return { redis, postgres, redisUrl, databaseUrl };
};

const stackSettings = (options: StackOptions, servers: Servers): StackSettings => ({
  root: options.root,
  dataDir: options.data.root,
  bundlesDir: options.bundlesDir ?? join(options.root, 'bundles'),
  tenant: options.tenant ?? 'demo',
  project: options.project ?? 'main',
  ports: options.ports,
  publicUrl: `http://localhost:${options.ports['web-proxy']}`,
  redisUrl: servers.redisUrl,
  databaseUrl: servers.databaseUrl,
  masterKey: options.data.credentials.masterKey,
  secretsToken: options.data.credentials.secretsToken,
  nodeEnv: options.nodeEnv ?? 'development',
  logLevel: options.logLevel ?? 'info',
  userEnv: options.userEnv ?? {},
});

const startServices = async (
  options: StackOptions,
  settings: StackSettings,
  warden: Warden,
  closers: Closers,
) => {
  const services = new Map<ServiceName, SupervisedService>();
  const wanted = options.services ?? SERVICE_NAMES;
  for (const name of SERVICE_NAMES.filter((each) => wanted.includes(each))) {
    options.signal?.throwIfAborted();
    const done = options.onStep(name);
    const service = createSupervisedService(
      {
        name,
        entry: serviceEntry(name, options.root),
        env: {
          PATH: options.path,
          ...(await pickServiceEnv(name, options.root, settings.userEnv)),
          ...serviceEnv(name, settings),
        },
        cwd: join(options.root, 'services', name),
        readyMs: SERVICE_READY_MS,
        stopGraceMs: SERVICE_STOP_MS,
        onLine: (line) => options.onLine(name, line),
        warden,
      },
      { isRestarted: options.isRestarted, ...(options.events ? { events: options.events } : {}) },
    );
    services.set(name, service);
    closers.push(() => service.stop());
    await service.start();
    await waitReady(settings.ports[name], SERVICE_READY_MS);
    done(`on port ${settings.ports[name]}`);
  }
  return services;
};

/** Brings the whole stack up, in order, each part ready before the next. If one fails, what was started is ended. */
export const startStack = async (options: StackOptions): Promise<Stack> => {
  const warden = startWarden();
  const closers: Closers = [() => warden.release()];
  const stop = async (): Promise<void> => {
    for (let close = closers.pop(); close; close = closers.pop()) await close();
  };
  try {
    const servers = await startServers(options, warden, closers);
    const settings = stackSettings(options, servers);
    const done = options.onStep('migrate');
    await migrate(settings.databaseUrl);
    done('the database is up to date');
    const services = await startServices(options, settings, warden, closers);
    const ownServers = [
      ...(servers.redis
        ? [{ name: 'redis', identity: servers.redis.identity, signal: 'SIGTERM' as const }]
        : []),
      ...(servers.postgres
        ? [{ name: 'postgres', identity: servers.postgres.identity, signal: 'SIGINT' as const }]
        : []),
    ];
    const service = (name: ServiceName): SupervisedService => {
      const found = services.get(name);
      if (!found) throw new Error(`${name} was not started`);
      return found;
    };
    return {
      settings,
      url: settings.publicUrl,
      redis: servers.redis,
      service,
      processes: () => [
        ...ownServers,
        ...SERVICE_NAMES.flatMap((name): RunningProcess[] => {
          const life = services.get(name)?.current();
          return life ? [{ name, identity: life.identity, signal: 'SIGTERM' }] : [];
        }),
      ],
      stop,
      kill: async () => {
        await Promise.all([...services.values()].map((each) => each.kill()));
        await Promise.all([servers.postgres?.kill(), servers.redis?.kill()]);
        await warden.release();
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
};
