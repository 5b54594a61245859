import { serverCertificateSettings } from '@switchyard/http';
import { duration, integer, loadConfig, text } from '@switchyard/kernel';
import { identitySettings } from '@switchyard/identity';
import { idSchema } from '@switchyard/protocol';
import { redisUrlSetting } from '@switchyard/redis';
import { LOG_LEVELS } from '@switchyard/telemetry';
import { z } from 'zod';
import { loginSettings } from './login-settings.ts';

/** Every setting of proxylogin; names are these in UPPER_SNAKE_CASE. */
export const settings = z.object({
  ...identitySettings,
  ...loginSettings,
  nodeEnv: z
    .enum(['development', 'production', 'test'])
    .default('production')
    .describe('Development is lenient where production is not'),
  host: text('0.0.0.0').describe('Address to listen on; web-proxy and nobody else should reach it'),
  port: integer(8040, 0, 65_535).describe('Port to listen on'),
  ...serverCertificateSettings,
  metricsPort: integer(0, 0, 65_535).describe('Port of /metrics for scrapers; 0: only from the same machine'),
  tenant: idSchema.default('demo').describe('Tenant that this stack serves'),
  project: idSchema.default('main').describe('Project that this stack serves'),
  publicUrl: text('http://localhost:8080').describe('Where browsers reach the stack'),
  redisUrl: redisUrlSetting().describe('Redis of the stack, in the forms of chat-ingress'),
  databaseUrl: text().describe('Postgres'),
  databasePoolSize: integer(4, 1, 100).describe('Connections to Postgres'),
  // Tokens are short and made anew: that is what this service is for.
  signInPath: text('/auth/sign-in').describe('Where people sign in; the same for every service'),
  drain: duration('10s').describe('How long requests under way may go on while stopping'),
  logLevel: z.enum(LOG_LEVELS).default('info').describe('Least severe lines that are written'),
});

export type LoginConfig = Readonly<z.output<typeof settings>>;

/** Reads the settings; throws CONFIG naming every bad one. In development people may chat without signing in, as chat-ingress has it. */
export const loadLoginConfig = (env: Readonly<Record<string, string | undefined>>): LoginConfig => {
  const isDevelopment = env['NODE_ENV'] === 'development' || env['NODE_ENV'] === 'test';
  return loadConfig(
    settings,
    { ...(isDevelopment ? { ANONYMOUS_ALLOWED: 'true' } : {}), ...env },
    'proxylogin',
  );
};

export const readConfig = (): LoginConfig => loadLoginConfig(process.env);
