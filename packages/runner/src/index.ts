export { bubblewrap } from './bubblewrap.ts';
export { createRunner } from './create-runner.ts';
export { BundleCodeError, HostFailure, describeFailure } from './host-failure.ts';
export type { EndReason } from './host-failure.ts';
export { DEFAULT_RUNNER_CONFIG, SANDBOX_LEVELS } from './runner-config.ts';
export type { RunnerConfig, SandboxLevel } from './runner-config.ts';
export { INVOCATION_KINDS, POOLS } from './invocation.ts';
export type {
  BundleCall,
  BundleLogLine,
  BundleVersion,
  Invocation,
  InvocationKind,
  PoolName,
  ProducedFile,
} from './invocation.ts';
export { HOST_STATES, HOST_TRANSITIONS } from './host-state.ts';
export type { HostSnapshot, HostState } from './host-state.ts';
export { locatePaths } from './runner-paths.ts';
export type { RunnerPaths } from './runner-paths.ts';
export type { Runner, RunnerParts } from './runner.ts';
export { decideRestart } from './decide-restart.ts';
export type { RestartLimits } from './decide-restart.ts';
export { readResidentBytes } from './resident-memory.ts';
export { openScratchFile } from './scratch-file.ts';
export type { OpenScratchFile } from './scratch-file.ts';
