import { PlatformError } from '@switchyard/kernel';
import type { Deadline, HealthReport } from '@switchyard/kernel';
import type { BundleManifest } from '@switchyard/protocol';
import { isFault, HostFailure } from './host-failure.ts';
import { HostPool } from './host-pool.ts';
import type { PooledHost } from './host-pool.ts';
import type { HostSnapshot } from './host-state.ts';
import { openWorkFolder } from './host-folders.ts';
import { buildHostProgram } from './host-program.ts';
import { POOL_OF, POOLS } from './invocation.ts';
import type { BundleVersion, Invocation, PoolName } from './invocation.ts';
import { PoolSlots } from './pool-slots.ts';
import { probeSandbox } from './probe-sandbox.ts';
import { DEFAULT_RUNNER_CONFIG } from './runner-config.ts';
import type { RunnerConfig } from './runner-config.ts';
import { createRunnerMetrics } from './runner-metrics.ts';
import type { RunnerMetrics } from './runner-metrics.ts';
import { locatePaths } from './runner-paths.ts';
import type { Runner, RunnerParts } from './runner.ts';
import { SlotsClosedError } from './waiting-line.ts';

/** How often heartbeat, memory and idle time are looked at. */
const TICK_MS = 250;

export function createRunner(parts: RunnerParts): Runner {
  return new BundleRunner(parts);
}

class BundleRunner implements Runner {
  readonly name = 'runner';
  readonly #parts: RunnerParts;
  readonly #config: RunnerConfig;
  readonly #metrics: RunnerMetrics;
  readonly #slots: Readonly<Record<PoolName, PoolSlots>>;
  #closeWorkFolder: () => Promise<void> = async () => undefined;
  #pool: HostPool | undefined;
  #level: HostSnapshot['sandbox'] = 'none';
  #timer: NodeJS.Timeout | undefined;
  #isStopping = false;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#config = Object.freeze({ ...DEFAULT_RUNNER_CONFIG, ...parts.config });
    const slotsOf = (pool: PoolName) => new PoolSlots(this.#config.slots[pool], this.#config.maxWaiting);
    this.#slots = Object.fromEntries(POOLS.map((pool) => [pool, slotsOf(pool)])) as Record<
      PoolName,
      PoolSlots
    >;
    this.#metrics = createRunnerMetrics(parts.metrics, () => {
      const hosts = [...this.snapshot(), ...(parts.furtherHosts?.() ?? [])];
      const sum = (field: 'running' | 'waiting') => hosts.reduce((total, host) => total + host[field], 0);
      const warm = this.warmPids().length;
      return { hosts: hosts.length, warm, running: sum('running'), waiting: sum('waiting') };
    });
  }

  async start(): Promise<void> {
    const { clock, log, paths: sources = locatePaths() } = this.#parts;
    const nodePath = process.execPath;
    const tools = await probeSandbox(this.#config, nodePath);
    if (tools.level === 'none') log.warn('bundles run without a sandbox');
    log.info('runner is ready', { sandbox: tools.level });
    this.#level = tools.level;
    const { dir: workDir, close } = await openWorkFolder(this.#config);
    this.#closeWorkFolder = close;
    const paths = await buildHostProgram(sources, { ...this.#config, workDir, log });
    this.#pool = new HostPool({
      config: this.#config,
      masked: this.#parts.masked,
      clock,
      log,
      metrics: this.#metrics,
      paths,
      tools,
      nodePath,
      workDir,
    });
    this.#timer = setInterval(() => setImmediate(() => this.#tick()), TICK_MS);
    this.#timer.unref();
  }

  async inspect(version: BundleVersion): Promise<BundleManifest> {
    const never = new AbortController().signal;
    const pooled = await this.#running().acquire(version, never);
    const manifest = await pooled.ready;
    if (this.#running().hasRightMemory(pooled)) return manifest;
    // What the bundle wants is known only now. Once more with it, and only once: a definition may say something else each time.
    this.#running().retire(pooled);
    return (await this.#running().acquire(version, never)).ready;
  }

  async invoke(version: BundleVersion, invocation: Invocation): Promise<unknown> {
    const startedAt = this.#parts.clock.monotonic();
    const observe = (outcome: string) =>
      this.#metrics.invokeTime.observeMs(this.#parts.clock.monotonic() - startedAt, {
        kind: invocation.kind,
        outcome,
      });
    try {
      const value = await this.#invoke(version, invocation);
      observe('ok');
      return value;
    } catch (error) {
      observe(error instanceof PlatformError ? error.errorType : 'internal');
      throw error;
    }
  }

  async setProps(bundleId: string, props: unknown): Promise<void> {
    await this.#running().setProps(bundleId, props);
  }

  retire(versionId: string): void {
    this.#pool?.retireVersion(versionId);
  }

  snapshot(): HostSnapshot[] {
    const now = this.#parts.clock.monotonic();
    return (this.#pool?.all() ?? []).map(({ version, host, group }) => ({
      bundleId: version.bundleId,
      versionId: version.versionId,
      pid: host.pid,
      state: host.state,
      sandbox: this.#level,
      running: host.running,
      // The line is the version's: told once, by its first host.
      waiting: group.hosts[0]?.host === host ? group.places.waiting : 0,
      served: host.served,
      rssBytes: host.rssBytes,
      ageMs: now - host.startedAt,
      idleForMs: host.state === 'ready' ? now - host.lastBusyAt : 0,
    }));
  }

  warmPids(): number[] {
    return this.#pool?.warmPids ?? [];
  }

  health(): HealthReport {
    return {
      ok: this.#pool !== undefined && !this.#isStopping,
      detail: { sandbox: this.#level, hosts: this.snapshot().length },
    };
  }

  async stop(deadline: Deadline): Promise<void> {
    this.#isStopping = true;
    clearInterval(this.#timer);
    const pool = this.#pool;
    const hosts = pool?.all() ?? [];
    const exits = Promise.all(hosts.map(({ host }) => host.exited));
    for (const pooled of hosts) {
      if (pooled.host.state === 'starting') pooled.host.kill('stopped');
      else pool?.retire(pooled);
    }
    const hardStop = setTimeout(() => {
      for (const { host } of hosts) host.kill('stopped');
    }, deadline.remainingMs());
    await Promise.all([exits, pool?.stopWarm()]);
    clearTimeout(hardStop);
    await this.#closeWorkFolder();
  }

  async #invoke(version: BundleVersion, invocation: Invocation): Promise<unknown> {
    const { signal } = invocation;
    const name = POOL_OF[invocation.kind];
    const { waitMs } = this.#config;
    for (;;) {
      throwIfAborted(signal);
      const { group } = this.#running().serving(version) ?? (await this.#untilServing(version, signal));
      this.#running().grow(version, group, name);
      let pooled: PooledHost;
      try {
        pooled = group.places.takeFree(name) ?? (await group.places.take(name, waitMs, signal));
      } catch (error) {
        // The last host was retired while we waited: a fresh one takes over, nothing was lost.
        if (!(error instanceof SlotsClosedError)) throw error;
        continue;
      }
      const release = () => group.places.release(pooled, name);
      try {
        // Last, and with the place in hand: what waits here waits for the machine, not for one bundle.
        if (!this.#slots[name].takeFree()) await this.#slots[name].take(waitMs, signal);
      } catch (error) {
        release();
        throw error;
      }
      const releaseAll = () => {
        this.#slots[name].release();
        release();
      };
      if (signal.aborted || !pooled.host.isServing) {
        releaseAll();
        continue;
      }
      invocation.onStart?.();
      return await pooled.host.invoke(invocation, releaseAll);
    }
  }

  #running(): HostPool {
    if (this.#isStopping) throw PlatformError.of('DRAINING');
    if (this.#pool === undefined) throw new Error('the runner was not started');
    return this.#pool;
  }

  #tick(): void {
    const pool = this.#pool;
    if (pool === undefined || this.#isStopping) return;
    pool.tick();
  }

  /** With its host up, which it starts where there is none. */
  async #untilServing(version: BundleVersion, signal: AbortSignal): Promise<PooledHost> {
    const first = await this.#untilAborted(this.#running().acquire(version, signal), signal);
    await this.#untilAborted(becomeReady(first), signal);
    return first;
  }

  async #untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const abort = () => reject(cancelled(signal));
    signal.addEventListener('abort', abort, { once: true });
    try {
      return await Promise.race([promise, aborted]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}

/** To whoever invokes, a version that does not load is unavailable; only `inspect` tells what its code threw. */
async function becomeReady({ ready }: PooledHost): Promise<void> {
  try {
    await ready;
  } catch (error) {
    if (error instanceof PlatformError && error.cause instanceof HostFailure && !isFault(error.cause.reason))
      throw error;
    const cause = error instanceof PlatformError ? error.cause : error;
    throw PlatformError.of('BUNDLE_UNAVAILABLE', undefined, { cause, retryAfterSec: 1 });
  }
}

function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw cancelled(signal);
}

function cancelled(signal: AbortSignal): PlatformError {
  return signal.reason instanceof PlatformError
    ? signal.reason
    : PlatformError.of('CANCELLED', undefined, { cause: signal.reason });
}
