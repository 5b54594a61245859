import { serverCertificateSettings } from '@switchyard/http';
import { bytes, flag, integer, loadConfig, optionalSecret, secret, text } from '@switchyard/kernel';
import { LOG_LEVELS } from '@switchyard/telemetry';
import { z } from 'zod';

/** Every setting of secrets; names are these in UPPER_SNAKE_CASE. */
export const settings = z.object({
  host: text('127.0.0.1').describe('Address to listen on; only the inside may reach it'),
  port: integer(7777, 0, 65_535).describe('Port to listen on'),
  ...serverCertificateSettings,
  metricsPort: integer(0, 0, 65_535).describe('Port of /metrics for scrapers; 0: only from the same machine'),
  tenant: text('demo').describe('Tenant that this stack serves'),
  project: text('main').describe('Project that this stack serves'),
  secretsToken: secret().describe('Token of chat-proc, at least 32 characters: may read, write, list'),
  secretsOperatorToken: optionalSecret().describe(
    'Token of whoever fills in secrets from outside: may write and list, never read',
  ),
  secretsMountedDir: text('').describe(
    'Folder of mounted files `bundles/<bundle>/<name>` and `platform/<name>` to fill in at start',
  ),
  secretsSealedFile: text('').describe('Sealed file to fill in at start; none is there yet: nothing'),
  secretsSealedKeyFile: text('').describe('File with the passphrase of the sealed file'),
  secretsSealedKey: optionalSecret().describe('The passphrase itself, where a file of it cannot be mounted'),
  allowCoreDumps: flag(false).describe(
    'Starts also where a crash may write the memory of this process to a file',
  ),
  maxSecretValue: bytes('64KiB').describe('Largest value'),
  maxSecrets: integer(10_000, 1, 1_000_000).describe('How many secrets are held at most'),
  logLevel: z.enum(LOG_LEVELS).default('info').describe('Least severe lines that are written'),
});

export type SecretsConfig = Readonly<z.output<typeof settings>>;

export const readConfig = (): SecretsConfig => loadConfig(settings, process.env, 'secrets');
