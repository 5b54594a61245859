import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  pickServiceEnv,
  serviceEntry,
  serviceEnv,
  startServiceProcess,
  startWarden,
} from '@switchyard/devstack';
import type { ServiceName, ServicePorts, ServiceProcess, StackSettings } from '@switchyard/devstack';
import { lastingPort } from './lasting-port.ts';

/** One of several processes of a service. */
export interface MemberOptions {
  /** As `proc-2`; also the worker's name in Redis, and the source of its lines. */
  readonly name: string;
  readonly service: ServiceName;
  /** Its own ways to the stores, which may lead through a proxy of the test. */
  readonly redisUrl: string;
  readonly databaseUrl: string;
  /** Settings of this one. */
  readonly env?: Readonly<Record<string, string>>;
  /** What no setting says, as `LD_PRELOAD`: goes to the process as it is. */
  readonly processEnv?: Readonly<Record<string, string>>;
}

export interface FleetOptions {
  readonly members: readonly MemberOptions[];
  readonly dataDir: string;
  /** Every folder in it is registered as a bundle. */
  readonly bundlesDir: string;
  readonly masterKey: string;
  /** Settings of all. */
  readonly env: Readonly<Record<string, string>>;
  readonly onLine: (member: string, line: string) => void;
}

export interface FleetMember {
  readonly name: string;
  readonly service: ServiceName;
  readonly port: number;
  /** The current life; undefined while there is none. */
  current(): ServiceProcess | undefined;
  /** Begins a life, with settings over the former ones; resolves when it is ready, rejects when it ends before. */
  start(env?: Readonly<Record<string, string>>): Promise<void>;
  /** SIGTERM, the grace time, SIGKILL. */
  stop(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
}

/** Several ingress and proc on one Redis and one Postgres, without a proxy before them. Nothing comes back but by `start`. */
export interface Fleet {
  readonly members: readonly FleetMember[];
  member(name: string): FleetMember;
  stop(): Promise<void>;
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
/** A start takes two seconds; on a machine that is busy with other things, whatever it takes. */
const READY_MS = 300_000;
const STOP_MS = 30_000;
const TENANT = { tenant: 'demo', project: 'main' };

const settingsOf = (options: FleetOptions, member: MemberOptions, port: number): StackSettings => ({
  ...TENANT,
  root: ROOT,
  dataDir: options.dataDir,
  bundlesDir: options.bundlesDir,
  ports: { [member.service]: port, sites: port } as unknown as ServicePorts,
  publicUrl: `http://localhost:${port}`,
  redisUrl: member.redisUrl,
  databaseUrl: member.databaseUrl,
  masterKey: options.masterKey,
  secretsToken: 'no-secrets-service-in-a-fleet-of-a-test',
  execToken: '',
  hasExec: false,
  hasLogin: false,
  sealedFile: '',
  sealedKeyFile: '',
  nodeEnv: 'test',
  logLevel: 'info',
  userEnv: options.env,
});

const createMember = async (
  options: FleetOptions,
  member: MemberOptions,
  warden: ReturnType<typeof startWarden>,
): Promise<FleetMember> => {
  const { name, service } = member;
  const port = await lastingPort();
  const env = {
    PATH: process.env['PATH'] ?? '',
    // As in production: a fleet's memory is watched, and what was compiled before is held differently.
    NODE_COMPILE_CACHE: '',
    ...serviceEnv(service, settingsOf(options, member, port)),
    ...(await pickServiceEnv(service, ROOT, { ...options.env, WORKER_NAME: name, ...member.env })),
    ...member.processEnv,
  };
  let life: ServiceProcess | undefined;
  return {
    name,
    service,
    port,
    current: () => life,
    start: async (changed = {}) => {
      const begun = await startServiceProcess({
        name,
        entry: serviceEntry(service, ROOT),
        env: { ...env, ...changed },
        cwd: join(ROOT, 'services', service),
        readyMs: READY_MS,
        stopGraceMs: STOP_MS,
        onLine: (line) => options.onLine(name, line),
        warden,
      });
      life = begun;
      void begun.exited.then(() => {
        if (life === begun) life = undefined;
      });
    },
    stop: async () => life?.stop(),
    kill: async () => life?.kill(),
  };
};

/** Starts the first proc alone, because it registers the bundles, then the others beside each other. The database is migrated. */
export const startFleet = async (options: FleetOptions): Promise<Fleet> => {
  const warden = startWarden();
  const members: FleetMember[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(members.map((member) => member.stop()));
    await warden.release();
  };
  try {
    for (const member of options.members) members.push(await createMember(options, member, warden));
    const first = members.find(({ service }) => service === 'chat-proc');
    await first?.start();
    await Promise.all(members.filter((member) => member !== first).map((member) => member.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  const member = (name: string): FleetMember => {
    const found = members.find((each) => each.name === name);
    if (found === undefined) throw new Error(`there is no ${name} in the fleet`);
    return found;
  };
  return { members, member, stop };
};
