import { resolve } from 'node:path';
import type { RunnerConfig } from '@switchyard/runner';
import { decideHostFence } from './decide-host-fence.ts';
import type { ProcConfig } from './env.ts';

const MIB = 1024 * 1024;

/** The runner's share of the settings. */
export function runnerConfig(config: ProcConfig): Partial<RunnerConfig> {
  const { runnerUid: uid, runnerGid: gid } = config;
  return {
    sandbox: config.runnerSandbox,
    maxHosts: config.runnerMaxHosts,
    startMs: config.runnerStart,
    idleTtlMs: config.runnerIdle,
    warmHosts: config.runnerWarmHosts,
    workDir: resolve(config.runnerWorkDir),
    programsDir: resolve(config.runnerWorkDir, 'programs'),
    keepFiles: config.runnerKeepFiles,
    maxFileBytes: config.runnerMaxFile,
    memoryMb: Math.floor(config.runnerMemory / MIB),
    maxMemoryMb: Math.floor(config.runnerMaxMemory / MIB),
    // A user without a group of its own would keep root's.
    ...(uid === 0 ? {} : { uid, gid: gid === 0 ? uid : gid }),
    ...decideHostFence(config.lease),
  };
}
