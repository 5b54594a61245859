import type { BundleManifest } from '@switchyard/protocol';
import type { Clock, Service } from '@switchyard/kernel';
import type { Log, Metrics } from '@switchyard/telemetry';
import type { BundleVersion, Invocation } from './invocation.ts';
import type { Masked } from './host-parts.ts';
import type { HostSnapshot } from './host-state.ts';
import type { RunnerConfig } from './runner-config.ts';
import type { ProgramSources } from './runner-paths.ts';

export interface RunnerParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Takes out of what a bundle writes (events, log lines, errors) what must not be read there: its secrets. */
  readonly masked?: Masked;
  /** Hosts that others run beside it: they count in its figures. */
  readonly furtherHosts?: () => readonly HostSnapshot[];
  readonly config?: Partial<RunnerConfig>;
  readonly paths?: ProgramSources;
}

/** Starts, feeds, watches, drains and evicts hosts: one child process per bundle version, or several where it asks for `instances`. */
export interface Runner extends Service {
  /** Starts the host that will serve this version and reads its manifest. Rejects BUNDLE_ERROR (its code failed to load) or BUNDLE_UNAVAILABLE. */
  inspect(version: BundleVersion): Promise<BundleManifest>;
  /** Resolves with what the bundle returned. Rejects PlatformError: BUNDLE_ERROR, _CRASHED, _BLOCKED, _UNAVAILABLE, CANCELLED (or the signal's own PlatformError). */
  invoke(version: BundleVersion, invocation: Invocation): Promise<unknown>;
  /**
   * What differs from the defaults of a bundle's props: for hosts that start from now on, and told to those that serve. Rejects
   * BUNDLE_ERROR when one refuses it; check against the manifest's schema before.
   */
  setProps(bundleId: string, props: unknown): Promise<void>;
  /** Running invocations end on their host (60 s at most), then it exits. A later `invoke` would start a new one. */
  retire(versionId: string): void;
  /** Hosts that have a version. */
  snapshot(): HostSnapshot[];
  /** Processes of hosts that wait for one. */
  warmPids(): number[];
}
