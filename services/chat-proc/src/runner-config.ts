import { resolve } from 'node:path';
import type { RunnerConfig } from '@switchyard/runner';
import { decideHostFence } from './decide-host-fence.ts';
import type { ProcConfig } from './env.ts';

/** The runner's share of the settings. */
export function runnerConfig(config: ProcConfig): Partial<RunnerConfig> {
  return {
    sandbox: config.runnerSandbox,
    maxHosts: config.runnerMaxHosts,
    startMs: config.runnerStart,
    idleTtlMs: config.runnerIdle,
    warmHosts: config.runnerWarmHosts,
    workDir: resolve(config.runnerWorkDir),
    keepFiles: config.runnerKeepFiles,
    maxFileBytes: config.runnerMaxFile,
    ...decideHostFence(config.lease),
  };
}
