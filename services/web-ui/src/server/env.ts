import { fileURLToPath } from 'node:url';
import { serverCertificateSettings } from '@switchyard/http';
import { duration, integer, loadConfig, text } from '@switchyard/kernel';
import { LOG_LEVELS } from '@switchyard/telemetry';
import { z } from 'zod';

const BUILT_PAGES = fileURLToPath(new URL('../../dist', import.meta.url));

/** Every setting of web-ui; names are these in UPPER_SNAKE_CASE. */
export const settings = z.object({
  host: text('0.0.0.0').describe('Address to listen on'),
  port: integer(8030, 0, 65_535).describe('Port to listen on'),
  ...serverCertificateSettings,
  metricsPort: integer(0, 0, 65_535).describe('Port of /metrics for scrapers; 0: only from the same machine'),
  pagesDir: text(BUILT_PAGES).describe('Folder of the built pages'),
  drain: duration('5s').describe('How long requests under way may go on while stopping'),
  logLevel: z.enum(LOG_LEVELS).default('info').describe('Least severe lines that are written'),
});

export type WebUiConfig = Readonly<z.output<typeof settings>>;

export const readConfig = (): WebUiConfig => loadConfig(settings, process.env, 'web-ui');
