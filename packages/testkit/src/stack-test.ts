import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  PORT_NAMES,
  SERVICE_NAMES,
  buildBundles,
  buildWebUi,
  createAdminLink,
  issueAccessToken,
  openDataFolder,
  startStack,
} from '@switchyard/devstack';
import type {
  PortName,
  ServiceName,
  ServicePorts,
  Stack,
  StackOptions,
  SupervisedService,
  TokenType,
} from '@switchyard/devstack';
import { test } from 'vitest';
import { sharePrograms } from './share-programs.ts';
import { createTestDatabase } from './postgres-test.ts';
import { lastingPort } from './lasting-port.ts';
import { noteStep } from './recent-steps.ts';

export interface StackFixture {
  /** What a browser would open: the proxy. */
  readonly url: string;
  /** `sites`: where every host name is a site, as `blog.localhost`. */
  readonly ports: ServicePorts;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  /** The certificate of `isTls`, signed by itself; undefined: plain HTTP. */
  readonly certificateFile: string | undefined;
  /** What the secrets service fills in at its start, and the file with its passphrase. */
  readonly sealedFile: string;
  readonly sealedKeyFile: string;
  /** An access token of a user, made when it is first asked for. */
  token(options?: {
    user?: string;
    type?: TokenType;
    ttlMs?: number;
    /** Of another tenant or project, whose keys lie in the same stores. */
    scope?: { tenant: string; project: string };
  }): Promise<string>;
  /** A link that signs a browser in as admin, once. */
  adminLink(): Promise<string>;
  /** A service's process, to be killed, stopped and started again. Nothing brings it back but the test. */
  service(name: ServiceName): SupervisedService;
  /** Ends everything in order and starts it again on the same ports and data. */
  restart(): Promise<void>;
  /** The last lines of a service, for finding out why. */
  lines(name: string): string[];
}

export interface StackTestOptions {
  /** Settings of services by their environment names, e.g. short leases. */
  readonly env?: Readonly<Record<string, string>>;
  /** Only for tests that open no page: leaves web-ui out, and with it the build of the page. */
  readonly isPageless?: boolean;
  /** With the documentation as a site: proc publishes it behind its start, some seconds of a processor that most tests have no use for. */
  readonly hasDocs?: boolean;
  /** With exec, so that bundles can run generated code. */
  readonly hasExec?: boolean;
  /** With proxylogin: people sign in by a page, and tokens behind cookies are short and made anew. */
  readonly hasLogin?: boolean;
  /** As `./dev up --tls`: the proxy speaks HTTPS. */
  readonly isTls?: boolean;
}

const ROOT = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');
const KEPT_LINES = 300;

const freePorts = async (): Promise<ServicePorts> => {
  const named: [PortName, number][] = [];
  for (const name of PORT_NAMES) named.push([name, await lastingPort()]);
  return Object.fromEntries(named) as Record<PortName, number>;
};

const createLineKeeper = () => {
  const kept = new Map<string, string[]>();
  return {
    keep: (source: string, line: string): void => {
      const lines = kept.get(source) ?? [];
      lines.push(line);
      if (lines.length > KEPT_LINES) lines.shift();
      kept.set(source, lines);
    },
    of: (source: string): string[] => kept.get(source) ?? [],
  };
};

export interface TestStack {
  readonly fixture: StackFixture;
  stop(): Promise<void>;
}

/** A whole stack of real processes on free ports, with a database and a Redis of its own. */
export const startTestStack = async ({
  env = {},
  isPageless = false,
  hasLogin = false,
  hasDocs = false,
  hasExec = false,
  isTls = false,
}: StackTestOptions = {}): Promise<TestStack> => {
  const dir = await mkdtemp(join(tmpdir(), 'switchyard-stack-'));
  await chmod(dir, 0o755);
  const [data, database, ports] = [
    await openDataFolder(join(dir, 'data')),
    await createTestDatabase(),
    await freePorts(),
  ];
  await sharePrograms(join(data.root, 'hosts'));
  const lines = createLineKeeper();
  const options: StackOptions = {
    root: ROOT,
    data,
    ports,
    path: process.env['PATH'] ?? '',
    databaseUrl: database.url,
    services: SERVICE_NAMES.filter(
      (name) =>
        (name !== 'web-ui' || !isPageless) &&
        (name !== 'proxylogin' || hasLogin) &&
        (name !== 'exec' || hasExec),
    ),
    isRestarted: false,
    isTls,
    nodeEnv: 'test',
    userEnv: { ...(hasDocs ? {} : { BUNDLES_LEFT_OUT: 'docs-site' }), ...env },
    onLine: (source, line) => lines.keep(source, line),
    onStep: (text) => {
      noteStep(`${text} ...`);
      return () => noteStep(`${text}: done`);
    },
  };
  if (!isPageless) await buildWebUi(ROOT, () => {});
  await buildBundles(ROOT, () => {});
  let stack: Stack = await startStack(options);
  const access = () => stack.settings;
  const fixture: StackFixture = {
    url: stack.url,
    ports,
    get redisUrl() {
      return stack.settings.redisUrl;
    },
    databaseUrl: database.url,
    certificateFile: stack.settings.certificate?.cert,
    sealedFile: data.sealedFile,
    sealedKeyFile: data.sealedKeyFile,
    token: ({ user = 'tester', type = 'registered', scope = {}, ...rest } = {}) =>
      issueAccessToken({ ...access(), ...scope }, { user, type, ...rest }),
    adminLink: () => createAdminLink(access(), stack.url),
    service: (name) => stack.service(name),
    lines: (name) => lines.of(name),
    restart: async () => {
      await stack.stop();
      stack = await startStack(options);
    },
  };
  const stop = async (): Promise<void> => {
    await stack.stop();
    await database.drop();
    await rm(dir, { recursive: true, force: true });
  };
  return { fixture, stop };
};

/** A test with `stack`: one for all tests of a file, because starting it takes seconds. */
export const createStackTest = (options: StackTestOptions = {}) =>
  test.extend<{ $file: { stack: StackFixture } }>({
    stack: [
      async ({}, use) => {
        const started = await startTestStack(options);
        await use(started.fixture);
        await started.stop();
      },
      { scope: 'file' },
    ],
  });

export const stackTest = createStackTest();
