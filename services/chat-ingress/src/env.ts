import { bytes, duration, failpointsSetting, flag, integer, loadConfig, text } from '@switchyard/kernel';
import { admissionSettings } from '@switchyard/admission';
import { serverCertificateSettings } from '@switchyard/http';
import { identitySettings } from '@switchyard/identity';
import { DEFAULT_LIMITS, idSchema } from '@switchyard/protocol';
import { redisUrlSetting } from '@switchyard/redis';
import { turnsAdminSettings, turnsConfigSchema } from '@switchyard/turns';
import { z } from 'zod';
import { auditSettings } from './admin/audit-settings.ts';
import { limitSettings } from './admin/limit-settings.ts';

const MIB = (count: number) => `${count / 1024 ** 2}MiB`;

export const ingressSchema = z.object({
  failpoints: failpointsSetting,
  ...identitySettings,
  ...serverCertificateSettings,
  ...admissionSettings,
  ...turnsConfigSchema.shape,
  ...turnsAdminSettings,
  ...auditSettings,
  ...limitSettings,
  nodeEnv: z
    .enum(['development', 'production', 'test'])
    .default('production')
    .describe('Development is lenient where production is not'),
  logLevel: z
    .enum(['debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('Least severe line that is written'),
  host: text('0.0.0.0').describe('Address to listen on'),
  port: integer(8010, 0, 65_535).describe('Port to listen on; 0 takes a free one'),
  metricsPort: integer(0, 0, 65_535).describe(
    'Port of /metrics; 0 serves it on the same port, to this machine alone',
  ),
  tenant: idSchema.default('demo').describe('First half of the scope'),
  project: idSchema.default('main').describe('Second half of the scope'),
  publicUrl: text('http://localhost:8080').describe('Where browsers reach the stack'),
  redisUrl: redisUrlSetting().describe(
    'Redis 7.0 or newer or Valkey: `redis://host:port`, `redis+sentinel://host:port,host:port/<master name>` or `redis+cluster://host:port,host:port`; `rediss` for TLS',
  ),
  databaseUrl: text().describe('Postgres'),
  databasePoolSize: integer(10, 4, 500).describe('Connections to Postgres'),
  blobDir: text().describe('Folder of attachments; the same for ingress and proc'),
  maxMessageCharacters: integer(DEFAULT_LIMITS.maxMessageCharacters, 1).describe('Characters of a message'),
  maxMessageBytes: bytes(MIB(DEFAULT_LIMITS.maxMessageBytes)).describe('A whole message with its files'),
  maxEventsBytes: bytes('1MiB').describe('The events of a message without its files'),
  maxImageBytes: bytes(MIB(DEFAULT_LIMITS.maxImageBytes)).describe('One image'),
  maxPdfBytes: bytes(MIB(DEFAULT_LIMITS.maxPdfBytes)).describe('One PDF'),
  maxFileBytes: bytes(MIB(DEFAULT_LIMITS.maxFileBytes)).describe('Any other file'),
  maxAttachments: integer(DEFAULT_LIMITS.maxAttachments, 0, 1000).describe('Files of a message'),
  uploadBudget: bytes('256MiB').describe('Bodies of all uploads that are held in memory at once'),
  streamBuffer: bytes('1MiB').describe('What may wait for one slow stream before it is closed'),
  streamDrainLimit: duration('20s').describe('How long a client may take nothing before its stream is ended'),
  maxStreamsPerSession: integer(50, 1).describe('Open streams of one session in this process'),
  shutdownSpread: duration('3s').describe('Time over which streams are told that this instance ends'),
  stopLimit: duration('20s').describe('How long an orderly stop may take'),
  queryTokensAccepted: flag(true).describe(
    'Whether `/sse/*` takes tokens from the query, where logs of others may keep them; a stream ticket works either way',
  ),
  trustForwarded: flag(true).describe(
    'Whether X-Forwarded-Host of the proxy is believed when origins are compared',
  ),
});

export type IngressConfig = Readonly<z.output<typeof ingressSchema>>;

/** Reads the settings; throws CONFIG naming every bad one. In development people may chat without signing in. */
export function loadIngressConfig(env: Readonly<Record<string, string | undefined>>): IngressConfig {
  const isDevelopment = env['NODE_ENV'] === 'development' || env['NODE_ENV'] === 'test';
  return loadConfig(
    ingressSchema,
    { ...(isDevelopment ? { ANONYMOUS_ALLOWED: 'true' } : {}), ...env },
    'chat-ingress',
  );
}

export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
