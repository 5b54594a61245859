import type { Clock } from '@switchyard/kernel';
import type { Log } from '@switchyard/telemetry';
import type { SandboxTools } from './host-command.ts';
import type { Masked } from './host-parts.ts';
import type { RunnerConfig } from './runner-config.ts';
import type { RunnerMetrics } from './runner-metrics.ts';
import type { RunnerPaths } from './runner-paths.ts';

/** What a pool of hosts is made of, with those that wait. */
export interface HostPoolParts {
  readonly config: RunnerConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: RunnerMetrics;
  readonly paths: RunnerPaths;
  readonly tools: SandboxTools;
  readonly nodePath: string;
  readonly workDir: string;
  readonly masked?: Masked | undefined;
}
