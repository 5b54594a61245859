import { PlatformError, sleep } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import type { BundleManifest } from '@switchyard/protocol';
import type { Log } from '@switchyard/telemetry';
import { decideEviction } from './decide-eviction.ts';
import { decideRestart } from './decide-restart.ts';
import { buildHostCommand } from './host-command.ts';
import type { SandboxTools } from './host-command.ts';
import { isFault } from './host-failure.ts';
import type { HostFailure } from './host-failure.ts';
import { HostProcess } from './host-process.ts';
import { HostSlots } from './host-slots.ts';
import type { BundleVersion } from './invocation.ts';
import type { RunnerConfig } from './runner-config.ts';
import type { RunnerMetrics } from './runner-metrics.ts';
import type { RunnerPaths } from './runner-paths.ts';

/** A host that was started for a version, and who waits for it. */
export interface PooledHost {
  readonly version: BundleVersion;
  readonly host: HostProcess;
  /** Rejects when the host does not become ready. */
  readonly ready: Promise<BundleManifest>;
  slots: HostSlots;
}

export interface HostPoolParts {
  readonly config: RunnerConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: RunnerMetrics;
  readonly paths: RunnerPaths;
  readonly tools: SandboxTools;
  readonly nodePath: string;
}

/** Which hosts live: at most one serving host per version, and those that drain beside it. */
export class HostPool {
  readonly #parts: HostPoolParts;
  readonly #serving = new Map<string, PooledHost>();
  readonly #all = new Set<PooledHost>();
  /** Monotonic times of faults per version, pruned to the window. */
  readonly #faults = new Map<string, number[]>();
  /** What a version's manifest asked for: memory is a flag of the process, and the manifest comes out of it. */
  readonly #declaredMemoryMb = new Map<string, number>();

  constructor(parts: HostPoolParts) {
    this.#parts = parts;
  }

  all(): PooledHost[] {
    return [...this.#all];
  }

  /** The host that serves the version: the one that does, or a new one where backoff, breaker and `maxHosts` allow it. */
  async acquire(version: BundleVersion, signal: AbortSignal): Promise<PooledHost> {
    for (;;) {
      const serving = this.#serving.get(version.versionId);
      if (serving !== undefined) return serving;
      const { config, clock } = this.#parts;
      const decision = decideRestart(this.#faults.get(version.versionId) ?? [], clock.monotonic(), config);
      if (decision.kind === 'start') return this.#start(version);
      if (decision.kind === 'refuse')
        throw unavailable('Temporarily switched off after repeated failures.', decision.retryAfterMs);
      await sleep(decision.ms, signal);
    }
  }

  /** New work goes elsewhere; what runs on it may end. */
  retire(pooled: PooledHost): void {
    if (this.#serving.get(pooled.version.versionId) === pooled)
      this.#serving.delete(pooled.version.versionId);
    pooled.slots.close();
    if (pooled.host.state !== 'starting') return pooled.host.drain();
    pooled.ready.then(
      () => pooled.host.drain(),
      () => undefined,
    );
  }

  retireVersion(versionId: string): void {
    const serving = this.#serving.get(versionId);
    if (serving !== undefined) this.retire(serving);
    this.#faults.delete(versionId);
    this.#declaredMemoryMb.delete(versionId);
  }

  /** Closes idle hosts: those past their time, and as many more as `wanted` places need. */
  evict(wanted: number): void {
    const { config, clock, metrics } = this.#parts;
    const now = clock.monotonic();
    const hosts = [...this.#serving.values()].map(({ version, host, slots }) => ({
      versionId: version.versionId,
      isIdle: host.state === 'ready' && slots.waiting === 0,
      idleForMs: now - host.lastBusyAt,
    }));
    for (const versionId of decideEviction(hosts, { ...config, wanted })) {
      const serving = this.#serving.get(versionId);
      if (serving === undefined) continue;
      metrics.evictions.add();
      this.retire(serving);
    }
  }

  #start(version: BundleVersion): PooledHost {
    const { config, clock, log, metrics } = this.#parts;
    this.evict(1);
    if (this.#serving.size >= config.maxHosts)
      throw unavailable('All places for applications are taken.', 1000);
    const memoryMb = this.#memoryOf(version);
    const command = buildHostCommand({ ...this.#parts, versionDir: version.dir, memoryMb });
    const bound = log.child({ bundle_id: version.bundleId, version_id: version.versionId });
    const host = new HostProcess({
      version,
      command,
      memoryMb,
      config,
      clock,
      log: bound,
      stuck: () => this.retire(pooled),
      ended: (failure) => this.#ended(pooled, failure),
    });
    const ready = host.start().then((manifest) => {
      if (manifest.limits.memoryMb !== undefined) {
        this.#declaredMemoryMb.set(version.versionId, manifest.limits.memoryMb);
      }
      pooled.slots.open(manifest.limits.concurrency ?? version.limits?.concurrency ?? config.hostConcurrency);
      metrics.startTime.observeMs(clock.monotonic() - host.startedAt);
      bound.info('bundle host is ready', {
        pid: host.pid,
        ms: Math.round(clock.monotonic() - host.startedAt),
      });
      return manifest;
    });
    // Whoever waits gets the rejection; with nobody waiting it must not end proc.
    ready.catch(() => undefined);
    const pooled: PooledHost = { version, host, ready, slots: new HostSlots(config.maxWaiting) };
    this.#serving.set(version.versionId, pooled);
    this.#all.add(pooled);
    return pooled;
  }

  #memoryOf(version: BundleVersion): number {
    const { config } = this.#parts;
    const wanted = version.limits?.memoryMb ?? this.#declaredMemoryMb.get(version.versionId);
    return Math.min(wanted ?? config.memoryMb, config.maxMemoryMb);
  }

  /** Is this host's memory what its version is to have, now that its manifest is known? */
  hasRightMemory(pooled: PooledHost): boolean {
    return pooled.host.memoryMb === this.#memoryOf(pooled.version);
  }

  #ended(pooled: PooledHost, failure: HostFailure): void {
    const { clock, config, log, metrics } = this.#parts;
    const { versionId, bundleId } = pooled.version;
    this.#all.delete(pooled);
    if (this.#serving.get(versionId) === pooled) this.#serving.delete(versionId);
    pooled.slots.close();
    const fields = {
      bundle_id: bundleId,
      version_id: versionId,
      pid: pooled.host.pid,
      reason: failure.reason,
    };
    if (!isFault(failure.reason)) return log.info('bundle host ended', fields);
    const now = clock.monotonic();
    const recent = (this.#faults.get(versionId) ?? []).filter((at) => now - at < config.crashWindowMs);
    this.#faults.set(versionId, [...recent, now]);
    metrics.faults.add({ reason: failure.reason });
    const { exitCode, signal, lastLines } = failure;
    log.error('bundle host failed', { ...fields, exit_code: exitCode, signal, last_lines: lastLines });
  }
}

function unavailable(message: string, retryAfterMs: number): PlatformError {
  return PlatformError.of('BUNDLE_UNAVAILABLE', message, {
    retryAfterSec: Math.max(1, Math.ceil(retryAfterMs / 1000)),
  });
}
