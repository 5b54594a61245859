import type { Clock } from '@switchyard/kernel';
import type { Log } from '@switchyard/telemetry';
import type { HostCommand } from './host-command.ts';
import type { HostFailure } from './host-failure.ts';
import type { HostFolders } from './host-folders.ts';
import type { BundleVersion } from './invocation.ts';
import type { RunnerConfig } from './runner-config.ts';

/** Takes out of what a bundle wrote what must not be read in logs and events. */
export type Masked = <T>(bundleId: string, value: T) => T;

export interface HostProcessParts {
  readonly command: HostCommand;
  readonly folders: HostFolders;
  readonly memoryMb: number;
  readonly config: RunnerConfig;
  readonly clock: Clock;
  /** The process ended before it had a version. */
  lost(failure: HostFailure): void;
}

/** What a host gets when it is to serve a version. */
export interface HostAssignment {
  readonly version: BundleVersion;
  /** Where the version lies for this host: the version's own folder, or the one that it was linked into. */
  readonly dir: string;
  readonly props: unknown;
  readonly log: Log;
  readonly masked: Masked | undefined;
  /** A cancelled invocation did not end in time: the host should get no new work. */
  stuck(): void;
  ended(failure: HostFailure): void;
}
