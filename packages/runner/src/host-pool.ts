import { PlatformError, sleep, withTimeout } from '@switchyard/kernel';
import type { Log } from '@switchyard/telemetry';
import type { BundleManifest } from '@switchyard/protocol';
import { decideEviction } from './decide-eviction.ts';
import { decideRestart } from './decide-restart.ts';
import { isFault, toInvocationError } from './host-failure.ts';
import type { HostFailure } from './host-failure.ts';
import { linkVersion } from './host-folders.ts';
import { HostPlaces } from './host-places.ts';
import type { HostPoolParts } from './host-pool-parts.ts';
import type { HostProcess } from './host-process.ts';
import type { BundleVersion, PoolName } from './invocation.ts';
import { poolsOf } from './pools-of.ts';
import { WarmHosts, startHostProcess } from './warm-hosts.ts';

/** A host that was started for a version. */
export interface PooledHost {
  readonly version: BundleVersion;
  readonly host: HostProcess;
  /** Rejects when the host does not become ready. */
  readonly ready: Promise<BundleManifest>;
  /** Shared by all hosts of the version. */
  readonly group: HostGroup;
}

/** The hosts of one version that take new work: one, or up to its `instances`. */
export interface HostGroup {
  readonly hosts: PooledHost[];
  readonly places: HostPlaces<PooledHost>;
}

/** Which hosts live: those that serve, grouped by version, and those that drain beside them. */
export class HostPool {
  readonly #parts: HostPoolParts;
  readonly #groups = new Map<string, HostGroup>();
  readonly #all = new Set<PooledHost>();
  readonly #warm: WarmHosts;
  /** Monotonic times of faults per version, pruned to the window. */
  readonly #faults = new Map<string, number[]>();
  /** What a version's manifest said: memory is a flag of the process, and the manifest comes out of it. */
  readonly #declared = new Map<string, BundleManifest['limits']>();
  readonly #props = new Map<string, unknown>();

  constructor(parts: HostPoolParts) {
    this.#parts = parts;
    this.#warm = new WarmHosts(parts);
    this.#warm.fill();
  }

  all(): PooledHost[] {
    return [...this.#all];
  }

  get warmPids(): number[] {
    return this.#warm.pids;
  }

  /** A host of the version that is up. Most invocations find one, and need not wait for anything. */
  serving(version: BundleVersion): PooledHost | undefined {
    const first = this.#groups.get(version.versionId)?.hosts[0];
    return first?.host.isServing === true ? first : undefined;
  }

  /** A host that serves the version: one that does, or a new one where backoff, breaker and `maxHosts` allow it. */
  async acquire(version: BundleVersion, signal: AbortSignal): Promise<PooledHost> {
    for (;;) {
      const serving = this.#groups.get(version.versionId)?.hosts[0];
      if (serving !== undefined) return serving;
      const { config, clock } = this.#parts;
      const decision = decideRestart(this.#faults.get(version.versionId) ?? [], clock.monotonic(), config);
      if (decision.kind === 'start') return this.#start(version);
      if (decision.kind === 'refuse')
        throw unavailable('Temporarily switched off after repeated failures.', decision.retryAfterMs);
      await sleep(decision.ms, signal);
    }
  }

  /** Starts one more process of the version when somebody waits, or one more of this pool would, and `instances` allows it. */
  grow(version: BundleVersion, { hosts, places }: HostGroup, pool?: PoolName): void {
    const { config, clock, log } = this.#parts;
    const instances = version.limits?.instances ?? this.#declared.get(version.versionId)?.instances ?? 1;
    if (hosts.length === 0 || hosts.length >= instances) return;
    const isStarting = hosts.some(({ host }) => host.state === 'starting');
    const isShort = places.waiting > 0 || (pool !== undefined && places.isFull(pool));
    if (isStarting || !isShort) return;
    const decision = decideRestart(this.#faults.get(version.versionId) ?? [], clock.monotonic(), config);
    if (decision.kind !== 'start') return;
    try {
      this.#start(version);
    } catch (error) {
      log.debug('no place for a further host', { version_id: version.versionId, error });
    }
  }

  /** New work goes elsewhere; what runs on it may end. */
  retire(pooled: PooledHost): void {
    this.#leave(pooled);
    if (pooled.host.state !== 'starting') return pooled.host.drain();
    pooled.ready.then(
      () => pooled.host.drain(),
      () => undefined,
    );
  }

  retireVersion(versionId: string): void {
    // A copy: retiring takes them out.
    const hosts = this.#groups.get(versionId)?.hosts.slice() ?? [];
    for (const pooled of hosts) this.retire(pooled);
    this.#faults.delete(versionId);
    this.#declared.delete(versionId);
  }

  /**
   * For hosts that are started from now on, and told to those that serve. Rejects with the first refusal; the others have it. Takes no
   * longer than a start and `propsMs`.
   */
  async setProps(bundleId: string, props: unknown): Promise<void> {
    this.#props.set(bundleId, props);
    const serving = [...this.#groups.values()].flatMap(({ hosts }) => hosts);
    const told = serving.filter(({ version }) => version.bundleId === bundleId);
    const outcomes = await Promise.allSettled(
      told.map(async (pooled) => {
        await pooled.ready;
        await this.#change(pooled, props);
      }),
    );
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  async #change(pooled: PooledHost, props: unknown): Promise<void> {
    const { propsMs } = this.#parts.config;
    const changed = pooled.host.setProps(props);
    try {
      await withTimeout(changed, propsMs, 'onPropsChanged');
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== 'TIMEOUT') throw error;
      changed.catch(() => undefined);
      // Nobody knows what it goes by now; the next host loads with what is set.
      this.retire(pooled);
      const message = `onPropsChanged did not end within ${propsMs} ms`;
      throw toInvocationError({ name: 'TimeoutError', message });
    }
  }

  /** Closes idle hosts: those past their time, and as many more as `wanted` places need. */
  evict(wanted: number): void {
    const { config, clock, metrics } = this.#parts;
    const now = clock.monotonic();
    const serving = [...this.#groups.values()].flatMap(({ hosts }) => hosts);
    const hosts = serving.map((pooled) => ({
      pooled,
      isIdle: pooled.host.state === 'ready' && pooled.group.places.waiting === 0,
      idleForMs: now - pooled.host.lastBusyAt,
    }));
    for (const { pooled } of decideEviction(hosts, { ...config, wanted })) {
      metrics.evictions.add();
      this.retire(pooled);
    }
  }

  tick(): void {
    for (const { host } of this.#all) void host.check();
    this.evict(0);
    this.#warm.fill();
  }

  async stopWarm(): Promise<void> {
    await this.#warm.stop();
  }

  hasRightMemory(pooled: PooledHost): boolean {
    return pooled.host.memoryMb === this.#memoryOf(pooled.version);
  }

  #start(version: BundleVersion): PooledHost {
    const { config, log, tools } = this.#parts;
    this.evict(1);
    const serving = [...this.#groups.values()].reduce((sum, { hosts }) => sum + hosts.length, 0);
    if (serving >= config.maxHosts) throw unavailable('All places for applications are taken.', 1000);
    const memoryMb = this.#memoryOf(version);
    const warm = this.#warm.take(memoryMb);
    const host = warm ?? startHostProcess(this.#parts, { memoryMb, versionDir: version.dir });
    const isLinked = warm !== undefined && tools.level !== 'none';
    const bound = log.child({ bundle_id: version.bundleId, version_id: version.versionId });
    host.assign({
      version,
      dir: isLinked ? host.folders.version : version.dir,
      props: this.#props.get(version.bundleId) ?? {},
      log: bound,
      masked: this.#parts.masked,
      stuck: () => this.retire(pooled),
      ended: (failure) => this.#ended(pooled, failure),
    });
    const ready = this.#load(version, host, isLinked, bound).then((manifest) => {
      const places = manifest.limits.concurrency ?? version.limits?.concurrency ?? config.hostConcurrency;
      if (group.hosts.includes(pooled)) group.places.open(pooled, places, poolsOf(manifest));
      this.grow(version, group);
      return manifest;
    });
    // Whoever waits gets the rejection; with nobody waiting it must not end proc.
    ready.catch(() => undefined);
    const group = this.#groupOf(version.versionId);
    const pooled: PooledHost = { version, host, ready, group };
    group.hosts.push(pooled);
    this.#all.add(pooled);
    return pooled;
  }

  async #load(
    version: BundleVersion,
    host: HostProcess,
    isLinked: boolean,
    log: Log,
  ): Promise<BundleManifest> {
    const { clock, metrics } = this.#parts;
    if (isLinked) {
      await linkVersion(version.dir, host.folders.version).catch((error: unknown) => {
        host.kill('start-failed');
        throw error;
      });
    }
    const manifest = await host.start();
    this.#declared.set(version.versionId, manifest.limits);
    const ms = clock.monotonic() - host.startedAt;
    metrics.startTime.observeMs(ms);
    log.info('bundle host is ready', { pid: host.pid, ms: Math.round(ms), was_warm: isLinked });
    this.#warm.fill();
    return manifest;
  }

  #groupOf(versionId: string): HostGroup {
    const found = this.#groups.get(versionId);
    if (found !== undefined) return found;
    const group: HostGroup = { hosts: [], places: new HostPlaces(this.#parts.config.maxWaiting) };
    this.#groups.set(versionId, group);
    return group;
  }

  /** The last one that leaves sends those who wait to whatever comes after it. */
  #leave(pooled: PooledHost): void {
    const { group, version } = pooled;
    const at = group.hosts.indexOf(pooled);
    if (at === -1) return;
    group.hosts.splice(at, 1);
    group.places.close(pooled);
    if (group.hosts.length > 0) return;
    this.#groups.delete(version.versionId);
    group.places.refuseAll();
  }

  #memoryOf(version: BundleVersion): number {
    const { config } = this.#parts;
    const declared = version.limits?.memoryMb ?? this.#declared.get(version.versionId)?.memoryMb;
    return Math.min(declared ?? config.memoryMb, config.maxMemoryMb);
  }

  #ended(pooled: PooledHost, failure: HostFailure): void {
    const { clock, config, log, metrics } = this.#parts;
    const { versionId, bundleId } = pooled.version;
    this.#all.delete(pooled);
    this.#leave(pooled);
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
