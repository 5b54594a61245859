import { admissionSettings } from '@switchyard/admission';
import { serverCertificateSettings } from '@switchyard/http';
import { identitySettings } from '@switchyard/identity';
import {
  PlatformError,
  bytes,
  duration,
  failpointsSetting,
  flag,
  integer,
  list,
  loadConfig,
  text,
} from '@switchyard/kernel';
import { jobsSettings } from '@switchyard/jobs';
import { redisUrlSetting } from '@switchyard/redis';
import { SANDBOX_LEVELS } from '@switchyard/runner';
import { LOG_LEVELS } from '@switchyard/telemetry';
import { workerConfigSchema } from '@switchyard/turns';
import { z } from 'zod';
import { widgetSettings } from './widgets/widget-settings.ts';
import { capabilitySettings } from './capability-settings.ts';
import { execSettings } from './exec/exec-settings.ts';
import { modelSettings } from './model-settings.ts';
import { runnerSettings } from './runner-settings.ts';
import { siteSettings } from './web/sites/site-config.ts';
import { predictionSettings } from './predictions/prediction-settings.ts';
import { procedureSettings } from './procedures/procedure-settings.ts';
import { dynamicSettings } from './web/dynamic/dynamic-settings.ts';
import { scaleInSettings } from './scale-in/scale-in-settings.ts';

/** Every setting of chat-proc. Read once, by `main.ts`. */
export const procConfigSchema = z.object({
  port: integer(8020, 0, 65_535).describe('Port of the HTTP endpoints.'),
  host: text('127.0.0.1').describe('Address to listen on.'),
  ...serverCertificateSettings,
  metricsPort: integer(0, 0, 65_535).describe(
    'Port of /metrics alone; 0: on the main port, for the own machine only.',
  ),
  nodeEnv: z
    .enum(['development', 'production', 'test'])
    .default('production')
    .describe('`development` allows what a server must not.'),
  logLevel: z.enum(LOG_LEVELS).default('info').describe('Least severe log lines that are written.'),
  tenant: text('demo').describe('First half of the scope that this stack serves.'),
  project: text('main').describe('Second half of the scope.'),
  redisUrl: redisUrlSetting('redis://127.0.0.1:6379').describe(
    'Redis 7.0 or newer or Valkey: `redis://host:port`, `redis+sentinel://host:port,host:port/<master name>` or `redis+cluster://host:port,host:port`; `rediss` for TLS.',
  ),
  databaseUrl: text().describe('Address of Postgres.'),
  databasePool: integer(12, 4, 200).describe('Connections to Postgres at most.'),
  bundlesDir: text('bundles').describe(
    'Folder whose folders are registered as bundles at start, in development also whenever one is changed.',
  ),
  bundlesLeftOut: list([]).describe('Of these folders those that are not registered, as `docs-site`.'),
  bundleSources: list([]).describe(
    'Further folders from which an admin may register bundles; `*`: any. In development always any.',
  ),
  bundleGitHosts: list([]).describe(
    'Hosts from which an admin may register bundles by git, as `github.com`; `*`: any.',
  ),
  bundleGitTimeout: duration('60s').describe('Longest that fetching from git may take, with unpacking.'),
  bundleGitLimit: bytes('100MiB').describe(
    'Bytes at most that fetching a commit from git may bring, packed.',
  ),
  bundleArchiveLimit: bytes('50MiB').describe('Largest archive of a bundle that is uploaded.'),
  bundleStoreDir: text('.data/bundles').describe(
    'Where the immutable copies of bundle versions lie; one for all workers.',
  ),
  bundleKeepVersions: integer(5, 1, 100).describe('Versions of a bundle that are kept for a rollback.'),
  bundleKeepRecords: integer(100, 1, 10_000).describe(
    'Removed versions of a bundle that are still listed; the records of older ones go.',
  ),
  bundleRefresh: duration('30s').describe(
    'How often the registry is read again, so that a lost message heals.',
  ),
  defaultBundle: text('assistant').describe(
    'Bundle that answers where none is named, until an admin chooses another one.',
  ),
  docsDir: text('docs').describe('Folder of markdown that bundles can search.'),
  historyTurns: integer(20, 0, 200).describe('Former exchanges that a bundle is given at most.'),
  historyCharacters: integer(60_000, 0, 1_000_000).describe('Characters of these exchanges at most.'),
  runnerSandbox: z.enum(SANDBOX_LEVELS).default('auto').describe('How bundle processes are contained.'),
  runnerMaxHosts: integer(32, 1, 1000).describe('Bundle processes alive at once.'),
  runnerIdle: duration('10m').describe('An idle bundle process is closed after this.'),
  runnerStart: duration('10s').describe(
    'Longest from the start of a bundle process to the end of its `onLoad`.',
  ),
  runnerWarmHosts: integer(1, 0, 64).describe(
    'Bundle processes started before anybody asks, so that a cold start is a load only.',
  ),
  runnerWorkDir: text('.data/hosts').describe(
    'Where bundle processes write; best on the disk of the bundle store.',
  ),
  runnerKeepFiles: flag(false).describe(
    'Keep requests, results and files of every invocation in the work folder, for looking into.',
  ),
  runnerMaxFile: bytes('25MiB').describe('Largest file that a bundle may add to its answer.'),
  ...runnerSettings,
  blobDir: text('.data/files').describe('Folder of stored files; the same for ingress and proc.'),
  bodyLimit: bytes('1MiB').describe('Largest JSON body of a request.'),
  workerName: text('proc').describe('Name of this worker in the console; its boot id is added.'),
  kvMaxEntries: integer(100_000, 1, 10_000_000).describe('Values that one bundle may keep.'),
  storageMaxBytes: bytes('1GiB').describe('Bytes of files that one bundle may keep.'),
  documentsMax: integer(10_000, 1, 1_000_000).describe(
    'Documents that administrators may add to those of the documentation.',
  ),
  operationTimeout: duration('60s').describe('Time limit of an operation that names none of its own.'),
  operationCallDepth: integer(3, 1, 16).describe(
    'Bundles that may call each other by `operations` in a row, for one call of a person.',
  ),
  operationKeepCalls: duration('24h').describe(
    'How long an Idempotency-Key of an operation means the same call.',
  ),
  operationKeepBytes: bytes('256KiB').describe(
    'Largest answer that is kept for an Idempotency-Key; of a larger one only that there was one.',
  ),
  ...capabilitySettings,
  ...execSettings,
  ...modelSettings,
  ...jobsSettings,
  ...admissionSettings,
  ...widgetSettings,
  ...scaleInSettings,
  ...siteSettings,
  ...dynamicSettings,
  ...predictionSettings,
  ...procedureSettings,
  failpoints: failpointsSetting,
  ...identitySettings,
  ...workerConfigSchema.shape,
});
export type ProcConfig = Readonly<z.output<typeof procConfigSchema>>;

/**
 * The settings of this process. Throws CONFIG with one line that names everything that is wrong. As in chat-ingress, in development
 * people may look around without signing in.
 */
export function readProcConfig(): ProcConfig {
  const isDevelopment = process.env['NODE_ENV'] === 'development' || process.env['NODE_ENV'] === 'test';
  const env = { ...(isDevelopment ? { ANONYMOUS_ALLOWED: 'true' } : {}), ...process.env };
  const config = loadConfig(procConfigSchema, env, 'chat-proc');
  if (config.runnerUid !== 0 && process.getuid?.() !== 0)
    throw PlatformError.of('CONFIG', 'chat-proc: RUNNER_UID: only root can start processes of another user');
  return config;
}
