import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { systemClock } from '@switchyard/kernel';
import { silentLog } from '@switchyard/telemetry';
import { startProceduresServer, startStandardServer } from '../src/index.ts';
import type { PredictConfig, PredictServer, PredictServerOptions } from '../src/index.ts';

/** As testkit's; that cannot be imported here, because programs that tests start import this file. */
const PROGRAMS_DIR = path.join(import.meta.dirname, '../../../.cache/programs');

export const KINDS = ['ts', 'py'] as const;
export type Kind = (typeof KINDS)[number];

/** A server over one of the predictors beside this file. */
export function serveFixture(
  kind: Kind,
  predictor: string,
  config: Partial<PredictConfig> = {},
  graceMs?: number,
): Promise<PredictServer> {
  return serveFolder(path.join(import.meta.dirname, 'predictors', kind, predictor), config, graceMs);
}

export function serveFolder(
  folder: string,
  config: Partial<PredictConfig> = {},
  graceMs = 3000,
): Promise<PredictServer> {
  return startStandardServer(folder, optionsOf(config, graceMs));
}

/** A server of procedures, which requests name by their source. */
export function serveProcedures(config: Partial<PredictConfig> = {}, graceMs = 3000): Promise<PredictServer> {
  return startProceduresServer(optionsOf(config, graceMs));
}

function optionsOf(config: Partial<PredictConfig>, graceMs: number): PredictServerOptions {
  return {
    port: 0,
    host: '127.0.0.1',
    graceMs,
    config: { privateHosts: ['*'], ...config },
    runner: { sandbox: 'permission', programsDir: PROGRAMS_DIR },
    env: process.env,
    clock: systemClock,
    log: silentLog,
    random: Math.random,
    randomBytes,
  };
}
