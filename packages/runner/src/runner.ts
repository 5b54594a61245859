import type { BundleManifest } from '@switchyard/protocol';
import type { Clock, Service } from '@switchyard/kernel';
import type { Log, Metrics } from '@switchyard/telemetry';
import type { BundleVersion, Invocation } from './invocation.ts';
import type { HostSnapshot } from './host-state.ts';
import type { RunnerConfig } from './runner-config.ts';
import type { RunnerPaths } from './runner-paths.ts';

export interface RunnerParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly config?: Partial<RunnerConfig>;
  readonly paths?: RunnerPaths;
}

/** Starts, feeds, watches, drains and evicts hosts: one child process per bundle version. */
export interface Runner extends Service {
  /** Starts the host that will serve this version and reads its manifest. Rejects BUNDLE_ERROR (its code failed to load) or BUNDLE_UNAVAILABLE. */
  inspect(version: BundleVersion): Promise<BundleManifest>;
  /** Resolves with what the bundle returned. Rejects PlatformError: BUNDLE_ERROR, _CRASHED, _BLOCKED, _UNAVAILABLE, CANCELLED (or the signal's own PlatformError). */
  invoke(version: BundleVersion, invocation: Invocation): Promise<unknown>;
  /** Running invocations end on their host (60 s at most), then it exits. A later `invoke` would start a new one. */
  retire(versionId: string): void;
  snapshot(): HostSnapshot[];
}
