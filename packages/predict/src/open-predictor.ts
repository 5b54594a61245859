import { realpath } from 'node:fs/promises';
import type { Clock } from '@switchyard/kernel';
import type { Runner } from '@switchyard/runner';
import type { Log } from '@switchyard/telemetry';
import { aloneVersion, startBundleHost } from './bundle/bundle-host.ts';
import { findEntry } from './bundle/find-entry.ts';
import type { PredictConfig } from './predict-config.ts';
import type { StartHost } from './predictor-host.ts';
import { findPython } from './python/python-command.ts';
import { PythonHost } from './python/python-host.ts';
import { readPythonSource } from './python/python-source.ts';
import type { StatusListener } from './python/status-listener.ts';
import { SupervisedPredictor } from './supervised-predictor.ts';

export interface OpenPredictorParts {
  readonly config: PredictConfig;
  readonly runner: Runner;
  readonly status: StatusListener;
  /** Of this process, for what hosts write. */
  readonly folder: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
  /** Milliseconds since the epoch, with a fraction. */
  now(): number;
}

/** The predictor that lies in a folder, in TypeScript or in Python; not started yet. Rejects with a sentence where there is none. */
export async function openPredictor(folder: string, parts: OpenPredictorParts): Promise<SupervisedPredictor> {
  const startHost = await chooseHost(await realpath(folder), parts);
  return new SupervisedPredictor({
    startHost,
    config: parts.config,
    log: parts.log,
    now: () => parts.now(),
    monotonic: () => parts.clock.monotonic(),
  });
}

const NO_PREDICTOR = 'there is no predictor in it: predict.py or cog.yaml, predict.ts, or a bundle';

/** The file of a folder that says what its predictor is written in, and is it unless it is Python. Rejects with a sentence where there is none. */
export async function findPredictorEntry(dir: string): Promise<string> {
  if ((await readPythonSource(dir)) !== undefined) return 'cog.yaml';
  const entry = await findEntry(dir);
  if (entry === undefined) throw new Error(NO_PREDICTOR);
  return entry;
}

/** How a host of the predictor in a folder is started. Rejects with a sentence where there is none. */
export async function chooseHost(dir: string, parts: OpenPredictorParts): Promise<StartHost> {
  const { config, runner } = parts;
  const python = await readPythonSource(dir);
  if (python !== undefined) {
    return async (sink) => {
      const pythonFolders = await foldersOfPython(parts);
      return PythonHost.start(
        { ...parts, source: python, pythonFolders, now: () => parts.clock.now() },
        sink,
      );
    };
  }
  const entry = await findEntry(dir);
  if (entry === undefined) throw new Error(NO_PREDICTOR);
  const version = aloneVersion(dir, entry);
  const onCall = () => Promise.reject(new Error('a predictor that is served alone has no capabilities'));
  return (sink) => startBundleHost({ runner, version, config, onCall }, sink);
}

/** Asked only where it has to be known. */
async function foldersOfPython({ config, env, log }: OpenPredictorParts): Promise<string[]> {
  if (config.pythonSandbox !== undefined) return findPython(config.pythonPath, { PATH: env['PATH'] });
  log.warn('a predictor in Python runs without a sandbox');
  return [];
}
