import { randomBytes } from 'node:crypto';
import { systemClock } from '@switchyard/kernel';
import { createLog } from '@switchyard/telemetry';
import type { PredictConfig } from './predict-config.ts';
import type { PredictServer } from './predict-server.ts';
import { startProceduresServer } from './procedures/start-procedures-server.ts';
import type { PredictServerOptions } from './predict-server.ts';
import { openPythonSandbox } from './python/python-command.ts';
import { startStandardServer } from './start-standard-server.ts';

export interface AloneOptions {
  /** 0 takes a free port. */
  readonly port: number;
  readonly host: string;
  readonly graceMs: number;
  readonly config: Partial<PredictConfig>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** How predictors are contained. `auto` takes the best that starts here, for TypeScript alone; Python knows `bwrap` and nothing else. */
  readonly sandbox?: 'auto' | 'bwrap' | 'permission' | 'none';
  /** Takes the server's own log lines, which are JSON. */
  /** From 0 to below 1: spreads retries. */
  random(): number;
  /** `info` says what happens, `warn` what went wrong. */
  readonly logLevel: 'info' | 'warn';
  readonly logTo: { write(line: string): void };
}

/** Serves one folder with nothing but Node and, for Python, python3: composed here, for programs that are no service. */
export async function serveAlone(folder: string, options: AloneOptions): Promise<PredictServer> {
  return startStandardServer(folder, await compose(options));
}

/** Serves whatever sources its callers name, in the same way. */
export async function serveProceduresAlone(options: AloneOptions): Promise<PredictServer> {
  return startProceduresServer(await compose(options));
}

async function compose({
  logTo,
  logLevel,
  sandbox,
  ...options
}: AloneOptions): Promise<PredictServerOptions> {
  // Weights are fetched by setup: alone, the network is there also in a sandbox.
  const contained =
    sandbox === 'bwrap'
      ? { pythonSandbox: await openPythonSandbox({ bwrapPath: 'bwrap', sharesNetwork: true }) }
      : {};
  return {
    ...options,
    config: { ...options.config, ...contained },
    ...(sandbox === undefined ? {} : { runner: { sandbox } }),
    clock: systemClock,
    log: createLog({ service: 'predict', level: logLevel, destination: logTo }),
    randomBytes,
  };
}
