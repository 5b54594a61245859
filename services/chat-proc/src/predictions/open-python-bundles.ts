import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Deadline } from '@switchyard/kernel';
import type { Scope } from '@switchyard/kernel';
import { PythonBundles, createStatusListener, isPythonEntry, openPythonSandbox } from '@switchyard/predict';
import type { ServedBundle } from '@switchyard/registry';
import { DEFAULT_RUNNER_CONFIG } from '@switchyard/runner';
import type { HostSnapshot, Runner } from '@switchyard/runner';
import type { ProcConfig } from '../env.ts';
import type { Base } from '../open-base.ts';

const CLOSE_MS = 5_000;
const MIB = 1024 * 1024;
/** Of a bundle's process: nothing of this worker's own. */
const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8' };

/** Processes of predictors in Python: those of procedures apart, so that neither takes the place of the other's. */
export interface PythonHosts {
  readonly bundles: PythonBundles;
  /** Undefined where nobody may run any. */
  readonly procedures: PythonBundles | undefined;
  snapshot(): HostSnapshot[];
}

/** Their processes end with `scope`. None is started before a version wants one. */
export async function openPythonHosts(
  scope: Scope,
  base: Pick<Base, 'clock' | 'log'>,
  config: ProcConfig,
): Promise<PythonHosts> {
  const bundles = await openPythonBundles(scope, base, config, config.predictionPythonHosts);
  const isOpen = config.procedureRoles.length > 0;
  const procedures = isOpen ? await openPythonBundles(scope, base, config, config.procedureHosts) : undefined;
  return {
    bundles,
    procedures,
    snapshot: () => [...bundles.snapshot(), ...(procedures?.snapshot() ?? [])],
  };
}

async function openPythonBundles(
  scope: Scope,
  { clock, log }: Pick<Base, 'clock' | 'log'>,
  config: ProcConfig,
  maxRunners: number,
): Promise<PythonBundles> {
  const folder = await scope.use(mkdtemp(path.join(tmpdir(), 'switchyard-python-')), (dir) =>
    rm(dir, { recursive: true, force: true }),
  );
  const status = await scope.use(createStatusListener(), (listener) => listener.close());
  const isContained = config.predictionPythonSandbox === 'bwrap';
  if (!isContained) log.warn('predictors in Python run without a sandbox');
  const pythonSandbox = isContained
    ? await openPythonSandbox({ bwrapPath: DEFAULT_RUNNER_CONFIG.bwrapPath, sharesNetwork: false })
    : undefined;
  const python = new PythonBundles({
    config: {
      maxRunners,
      waitMs: config.predictionLimit,
      setupMs: config.predictionSetup,
      memoryMb: Math.floor(config.predictionPythonMemory / MIB),
      maxFileBytes: config.predictionFile,
      maxLogCharacters: config.predictionLog,
      pythonPath: config.predictionPython,
      // Without the network: this machine's own services would be a part of it.
      ...(pythonSandbox === undefined ? {} : { pythonSandbox }),
    },
    idleMs: config.runnerIdle,
    folder,
    status,
    env: ENVIRONMENT,
    clock,
    log,
  });
  scope.defer(() => python.stop(Deadline.in(CLOSE_MS, clock)));
  return python;
}

/** The runner, with versions in Python given to those who can run them. */
export function withPythonBundles(runner: Runner, { bundles: python, snapshot }: PythonHosts): Runner {
  return {
    name: runner.name,
    start: () => runner.start(),
    async stop(deadline) {
      await Promise.all([runner.stop(deadline), python.stop(deadline)]);
    },
    health: () => runner.health(),
    inspect: (version) => (isPythonEntry(version.entry) ? python.inspect(version) : runner.inspect(version)),
    // What is in Python predicts and does nothing else: nobody finds anything to invoke in its manifest.
    invoke: (version, invocation) => runner.invoke(version, invocation),
    setProps: (bundleId, props) => runner.setProps(bundleId, props),
    retire(versionId) {
      python.retire(versionId);
      runner.retire(versionId);
    },
    snapshot: () => [...runner.snapshot(), ...snapshot()],
    warmPids: () => runner.warmPids(),
  };
}

/** The registry's `prepare`: a version whose setup fails does not take over. */
export function warmPythonAfter(prepare: (served: ServedBundle) => Promise<void>, python: PythonBundles) {
  return async (served: ServedBundle): Promise<void> => {
    await prepare(served);
    if (isPythonEntry(served.version.entry)) await python.warmed(served.version);
  };
}
