import { hostname } from 'node:os';
import { join } from 'node:path';
import { migrate } from '@switchyard/store';
import { canHoldPrograms } from './can-hold-programs.ts';
import type { DataFolder } from './data-folder.ts';
import { ensureDevelopmentCertificate, namesOfMachine } from './development-certificate.ts';
import type { CertificateFiles } from './development-certificate.ts';
import { freePort } from './free-port.ts';
import { startPostgresServer } from './postgres-server.ts';
import { redisUrl as ownRedisUrl, startRedisServer } from './redis-server.ts';
import type { RunningProcess } from './run-file.ts';
import { SERVICE_NAMES, STOP_ORDER, schemeOf, serviceEntry, serviceEnv } from './service-catalog.ts';
import type { ServiceName, ServicePorts, StackSettings } from './service-catalog.ts';
import { startServiceProcess } from './service-process.ts';
import { pickServiceEnv } from './service-settings.ts';
import { createSupervisedService } from './supervisor.ts';
import type { SupervisedProgram, SupervisedService, SupervisorEvents } from './supervisor.ts';
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
  /** web-proxy speaks HTTPS with a certificate of this machine's own. */
  readonly isTls?: boolean;
  /** Which services are started; when not given all of them, `exec` where this machine can hold a program. */
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
  readonly redis: SupervisedService | undefined;
  /** Everything that was started and lives, in start order. */
  processes(): RunningProcess[];
  /** Ends all in reverse order. Safe on half a start and twice. */
  stop(): Promise<void>;
  /** Ends all at once and hard: the second Ctrl-C. */
  kill(): Promise<void>;
}

interface Servers {
  readonly redis: SupervisedService | undefined;
  readonly postgres: SupervisedService | undefined;
  readonly redisUrl: string;
  readonly databaseUrl: string;
}

type Closers = (() => Promise<void>)[];
type Warden = ReturnType<typeof startWarden>;

/** Like a service: a server of ours that dies comes back on its port, with its data, and everything connects again by itself. */
const superviseServer = async (
  options: StackOptions,
  closers: Closers,
  program: SupervisedProgram,
): Promise<SupervisedService> => {
  const server = createSupervisedService(program, supervision(options));
  closers.push(() => server.stop());
  await server.start();
  return server;
};

const supervision = ({ isRestarted, events }: StackOptions) => ({
  isRestarted,
  ...(events ? { events } : {}),
});

const startRedis = async (options: StackOptions, warden: Warden, closers: Closers) => {
  const done = options.onStep('redis');
  const [port, password] = [await freePort(), options.data.credentials.redisPassword];
  const { redis: dir } = options.data;
  const onLine = (line: string): void => options.onLine('redis', line);
  const redis = await superviseServer(options, closers, {
    name: 'redis',
    launch: () => startRedisServer({ dir, port, password, path: options.path, warden, onLine }),
  });
  done(`on port ${port}`);
  return { redis, redisUrl: ownRedisUrl(port, password) };
};

const startPostgres = async (options: StackOptions, warden: Warden, closers: Closers) => {
  const done = options.onStep('postgres');
  const [port, dir] = [await freePort(), options.data.postgres];
  const password = options.data.credentials.postgresPassword;
  let databaseUrl = '';
  const launch = async () => {
    const server = await startPostgresServer({
      dir,
      port,
      password,
      unsafeFast: options.unsafeFast === true,
      onLine: (line) => options.onLine('postgres', line),
      warden,
    });
    try {
      await server.ensureDatabase(DATABASE);
    } catch (error) {
      await server.stop();
      throw error;
    }
    databaseUrl = server.url(DATABASE);
    return server;
  };
  const postgres = await superviseServer(options, closers, { name: 'postgres', launch });
  done(`on port ${port}, data in ${dir}`);
  return { postgres, databaseUrl };
};

const startServers = async (options: StackOptions, warden: Warden, closers: Closers): Promise<Servers> => {
  const { redis, redisUrl } =
    options.redisUrl === undefined
      ? await startRedis(options, warden, closers)
      : { redis: undefined, redisUrl: options.redisUrl };
  const { postgres, databaseUrl } =
    options.databaseUrl === undefined
      ? await startPostgres(options, warden, closers)
      : { postgres: undefined, databaseUrl: options.databaseUrl };
  return { redis, postgres, redisUrl, databaseUrl };
};

const servicesOf = ({ services, path, userEnv = {} }: StackOptions): readonly ServiceName[] =>
  services ?? SERVICE_NAMES.filter((name) => name !== 'exec' || canHoldPrograms(path, userEnv));

const stackSettings = (
  options: StackOptions,
  servers: Servers,
  certificate: CertificateFiles | undefined,
): StackSettings => ({
  root: options.root,
  dataDir: options.data.root,
  bundlesDir: options.bundlesDir ?? join(options.root, 'bundles'),
  tenant: options.tenant ?? 'demo',
  project: options.project ?? 'main',
  ports: options.ports,
  publicUrl: `${schemeOf({ certificate })}://localhost:${options.ports['web-proxy']}`,
  certificate,
  redisUrl: servers.redisUrl,
  databaseUrl: servers.databaseUrl,
  masterKey: options.data.credentials.masterKey,
  secretsToken: options.data.credentials.secretsToken,
  execToken: options.data.credentials.execToken,
  hasExec: servicesOf(options).includes('exec'),
  hasLogin: servicesOf(options).includes('proxylogin'),
  sealedFile: options.data.sealedFile,
  sealedKeyFile: options.data.sealedKeyFile,
  nodeEnv: options.nodeEnv ?? 'development',
  logLevel: options.logLevel ?? 'info',
  userEnv: options.userEnv ?? {},
});

const RENEWAL_CHECK_MS = 3_600_000;

/** Made where there is none, and anew before it ends; web-proxy sees that it has changed. */
const openCertificate = async (options: StackOptions, closers: Closers): Promise<CertificateFiles> => {
  const names = namesOfMachine(hostname());
  const ensure = () => ensureDevelopmentCertificate(options.data.tls, { names, now: Date.now() });
  const files = await ensure();
  const timer = setInterval(() => {
    ensure().catch((error: unknown) =>
      options.onLine('launcher', `the certificate cannot be made anew: ${String(error)}`),
    );
  }, RENEWAL_CHECK_MS);
  closers.push(() => Promise.resolve(clearInterval(timer)));
  return files;
};

const startServices = async (
  options: StackOptions,
  settings: StackSettings,
  warden: Warden,
  closers: Closers,
) => {
  const services = new Map<ServiceName, SupervisedService>();
  closers.push(async () => {
    for (const name of STOP_ORDER) await services.get(name)?.stop();
  });
  const wanted = servicesOf(options);
  for (const name of SERVICE_NAMES.filter((each) => wanted.includes(each))) {
    options.signal?.throwIfAborted();
    const done = options.onStep(name);
    const env = {
      PATH: options.path,
      ...(await pickServiceEnv(name, options.root, settings.userEnv)),
      ...serviceEnv(name, settings),
    };
    const launch = () =>
      startServiceProcess({
        name,
        entry: serviceEntry(name, options.root),
        env,
        cwd: join(options.root, 'services', name),
        readyMs: SERVICE_READY_MS,
        stopGraceMs: SERVICE_STOP_MS,
        onLine: (line) => options.onLine(name, line),
        warden,
      });
    const service = createSupervisedService({ name, launch }, supervision(options));
    services.set(name, service);
    await service.start();
    const scheme = name === 'web-proxy' ? schemeOf(settings) : 'http';
    await waitReady(settings.ports[name], SERVICE_READY_MS, scheme);
    done(`on port ${settings.ports[name]}`);
  }
  return services;
};

const running = (
  name: string,
  service: SupervisedService | undefined,
  signal: RunningProcess['signal'],
): RunningProcess[] => {
  const life = service?.current();
  return life ? [{ name, identity: life.identity, signal }] : [];
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
    const certificate = options.isTls === true ? await openCertificate(options, closers) : undefined;
    const settings = stackSettings(options, servers, certificate);
    const done = options.onStep('migrate');
    await migrate(settings.databaseUrl);
    done('the database is up to date');
    const services = await startServices(options, settings, warden, closers);
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
        ...running('redis', servers.redis, 'SIGTERM'),
        ...running('postgres', servers.postgres, 'SIGINT'),
        ...SERVICE_NAMES.flatMap((name) => running(name, services.get(name), 'SIGTERM')),
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
