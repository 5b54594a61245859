import { Deadline, PlatformError, sleep } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import { isId } from '@switchyard/protocol';
import type { BundleManifest } from '@switchyard/protocol';
import { decideRestart, readResidentBytes } from '@switchyard/runner';
import type { BundleVersion, HostSnapshot } from '@switchyard/runner';
import type { Log } from '@switchyard/telemetry';
import { BoundedLog } from '../bounded-log.ts';
import { DEFAULT_PREDICT_CONFIG } from '../predict-config.ts';
import type { PredictConfig } from '../predict-config.ts';
import type { PredictorFacts, PredictorHost, SetupSink } from '../predictor-host.ts';
import type { PredictCall, PredictResult } from '../predictor.ts';
import { HostPool } from '../procedures/host-pool.ts';
import { findPython } from './python-command.ts';
import { PythonHost } from './python-host.ts';
import { pythonManifest, readPythonPackage } from './python-manifest.ts';
import type { PythonPackage } from './python-manifest.ts';
import { readPythonSource } from './python-source.ts';
import type { PythonSource } from './python-source.ts';
import type { StatusListener } from './status-listener.ts';

export interface PythonBundlesParts {
  /** What is not said is as alone; `maxRunners` are hosts at once over all versions, `waitMs` is for one of them. */
  readonly config: Partial<PredictConfig>;
  /** A host that nobody used for this long ends; its version's next call starts one. */
  readonly idleMs: number;
  readonly folder: string;
  readonly status: StatusListener;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Known {
  readonly version: BundleVersion;
  readonly source: PythonSource;
  readonly pack: PythonPackage;
  readonly facts: PromiseWithResolvers<PredictorFacts>;
  /** When its hosts ended by themselves or did not come up. */
  crashes: number[];
  warm: Promise<void> | undefined;
}

/** What is told of a setup that failed, from the end of its log. */
const LAST_CHARACTERS = 4000;
const LOOK_EVERY_MS = 5000;

/**
 * Versions of bundles whose predictor is in Python, as the runner has those in TypeScript: inspected, warmed, called, retired. A version has
 * as many processes as its `limits.instances`; all versions share `maxRunners`, and the idle one that was used longest ago makes room.
 */
export class PythonBundles {
  readonly #parts: PythonBundlesParts;
  readonly #config: PredictConfig;
  readonly #known = new Map<string, Promise<Known>>();
  /** Processes of a version at once. */
  readonly #instances = new Map<string, number>();
  readonly #bundleOf = new Map<string, string>();
  readonly #pool: HostPool;
  /** Of each process, at the last look. */
  #bytes: ReadonlyMap<number, number> = new Map();
  readonly #timer: NodeJS.Timeout;
  #pythonFolders: Promise<string[]> | undefined;

  constructor(parts: PythonBundlesParts) {
    const { clock, idleMs } = parts;
    this.#parts = parts;
    this.#config = { ...DEFAULT_PREDICT_CONFIG, ...parts.config };
    this.#pool = new HostPool({
      start: (versionId, sink) => this.#start(versionId, sink),
      maxHosts: this.#config.maxRunners,
      maxHostsOf: (versionId) => this.#instances.get(versionId) ?? 1,
      isOneShot: false,
      waitMs: this.#config.waitMs,
      stopMs: this.#config.stopMs,
      maxLogCharacters: this.#config.maxLogCharacters,
      monotonic: () => clock.monotonic(),
      deadline: (ms) => Deadline.in(ms, clock),
    });
    this.#timer = setInterval(() => {
      this.#pool.endIdle(idleMs);
      void this.#weigh();
    }, LOOK_EVERY_MS);
    this.#timer.unref();
  }

  /** Processes that run or start. */
  get hosts(): number {
    return this.#pool.hosts;
  }

  /** Its processes, as the runner shows those of bundles in TypeScript. One that starts has no `pid` yet: 0. */
  snapshot(): HostSnapshot[] {
    const sandbox = this.#config.pythonSandbox === undefined ? 'none' : 'bwrap';
    return this.#pool.uses().map(({ key, host, running, waiting, served, ageMs, idleForMs }) => ({
      bundleId: this.#bundleOf.get(key) ?? '',
      versionId: key,
      pid: host?.pid ?? 0,
      state: host === undefined ? 'starting' : running > 0 ? 'busy' : 'ready',
      sandbox,
      running,
      waiting,
      served,
      rssBytes: host?.pid === undefined ? 0 : (this.#bytes.get(host.pid) ?? 0),
      ageMs,
      idleForMs,
    }));
  }

  /** What its processes hold, with all that they started. */
  async #weigh(): Promise<void> {
    const pids = this.#pool.uses().flatMap(({ host }) => (host?.pid === undefined ? [] : [host.pid]));
    const weighed = await Promise.all(
      pids.map(async (pid) => [pid, (await readResidentBytes(pid)) ?? 0] as const),
    );
    this.#bytes = new Map(weighed);
  }

  /**
   * Starts the process that will serve the version and resolves as soon as its code was read; setup goes on. Rejects BUNDLE_ERROR: it
   * could not be read, with the reason for the author as its cause.
   */
  async inspect(version: BundleVersion): Promise<BundleManifest> {
    try {
      const known = await this.#know(version);
      const warm = this.#warm(known);
      const facts = await Promise.race([known.facts.promise, warm.then(() => known.facts.promise)]);
      // What has no bundle's name is called as a predictor alone is.
      const id = isId(version.bundleId) ? version.bundleId : 'predictor';
      return pythonManifest(id, known.pack, facts);
    } catch (error) {
      throw PlatformError.of('BUNDLE_ERROR', undefined, { cause: error });
    }
  }

  /** Resolves when the setup that `inspect` began is done. Rejects BUNDLE_ERROR with the reason for the author as its cause. */
  async warmed(version: BundleVersion): Promise<void> {
    try {
      await this.#warm(await this.#know(version));
    } catch (error) {
      throw PlatformError.of('BUNDLE_ERROR', undefined, { cause: error });
    }
  }

  /** One call, which waits for a process where none is free. Never rejects. */
  async predict(version: BundleVersion, call: PredictCall): Promise<PredictResult> {
    const claim = this.#pool.claim(version.versionId, true);
    try {
      await this.#know(version);
      const host = await claim.acquire(call.signal, call.onLog);
      return await host.predict(call);
    } catch (error) {
      if (call.signal.aborted) return { status: 'canceled' };
      return { status: 'failed', error: error instanceof Error ? error.message : String(error) };
    } finally {
      claim.release();
    }
  }

  /** Nothing of the version is wanted any more: its processes end. */
  retire(versionId: string): void {
    this.#known.delete(versionId);
    this.#instances.delete(versionId);
    this.#bundleOf.delete(versionId);
    this.#pool.retire(versionId);
  }

  async stop(deadline: Deadline): Promise<void> {
    clearInterval(this.#timer);
    await this.#pool.stop(deadline);
  }

  #know(version: BundleVersion): Promise<Known> {
    const { versionId } = version;
    const found = this.#known.get(versionId);
    if (found !== undefined) return found;
    const reading = this.#read(version);
    this.#known.set(versionId, reading);
    reading.catch(() => this.#known.delete(versionId));
    return reading;
  }

  async #read(version: BundleVersion): Promise<Known> {
    const source = await readPythonSource(version.dir);
    if (source === undefined) throw new Error('there is no predictor in it: neither predict.py nor cog.yaml');
    const pack = await readPythonPackage(version.dir);
    this.#bundleOf.set(version.versionId, version.bundleId);
    this.#instances.set(version.versionId, pack.switchyard?.limits.instances ?? 1);
    const facts = Promise.withResolvers<PredictorFacts>();
    return { version, source, pack, facts, crashes: [], warm: undefined };
  }

  /** One flight; what failed is tried again by the next who asks. */
  #warm(known: Known): Promise<void> {
    known.warm ??= this.#setUp(known);
    return known.warm;
  }

  async #setUp(known: Known): Promise<void> {
    const { version } = known;
    const claim = this.#pool.claim(version.versionId, true);
    const written = new BoundedLog(LAST_CHARACTERS);
    try {
      await claim.acquire(new AbortController().signal, (text) => written.add(text));
    } catch (error) {
      known.warm = undefined;
      const reason = error instanceof Error ? error.message : String(error);
      this.#parts.log.warn('setup of a predictor failed', { version_id: version.versionId, reason });
      throw new Error([reason, written.text].filter((text) => text !== '').join('\n'), { cause: error });
    } finally {
      claim.release();
    }
  }

  async #start(versionId: string, sink: SetupSink): Promise<PredictorHost> {
    const known = await this.#known.get(versionId);
    if (known === undefined) throw new Error('the version does not serve any more');
    await this.#mayStart(known, sink.signal);
    let isStopped = false;
    const crashed = () => {
      if (!isStopped && !sink.signal.aborted) known.crashes.push(this.#parts.clock.monotonic());
    };
    try {
      const host = await this.#startPython(known, sink);
      void host.ended.then(crashed);
      return {
        schemas: host.schemas,
        maxConcurrency: host.maxConcurrency,
        pid: host.pid,
        ended: host.ended,
        predict: (call) => host.predict(call),
        stop(deadline) {
          isStopped = true;
          return host.stop(deadline);
        },
      };
    } catch (error) {
      crashed();
      throw error;
    }
  }

  async #startPython({ source, version, pack, facts }: Known, sink: SetupSink): Promise<PythonHost> {
    const { folder, status, env, clock, log } = this.#parts;
    const config = this.#config;
    const pythonFolders = config.pythonSandbox === undefined ? [] : await this.#findPython();
    const memoryMb = pack.switchyard?.limits.memoryMb ?? config.memoryMb;
    return PythonHost.start(
      {
        source,
        folder,
        status,
        config: memoryMb === undefined ? config : { ...config, memoryMb },
        pythonFolders,
        env,
        log: log.child({ version_id: version.versionId }),
        now: () => clock.now(),
      },
      { onLog: (text) => sink.onLog(text), signal: sink.signal, onSchemas: (told) => facts.resolve(told) },
    );
  }

  #findPython(): Promise<string[]> {
    const { pythonPath } = this.#config;
    this.#pythonFolders ??= findPython(pythonPath, { PATH: this.#parts.env['PATH'] }).catch(
      (error: unknown) => {
        this.#pythonFolders = undefined;
        throw new Error(`${pythonPath} does not start here`, { cause: error });
      },
    );
    return this.#pythonFolders;
  }

  /** As with hosts of the runner: at once, then with growing waits, and not at all for a while after too many ends. */
  async #mayStart(known: Known, signal: AbortSignal): Promise<void> {
    const { crashWindowMs } = this.#config;
    const now = this.#parts.clock.monotonic();
    known.crashes = known.crashes.filter((at) => now - at < crashWindowMs);
    const decision = decideRestart(known.crashes, now, this.#config);
    if (decision.kind === 'wait') await sleep(decision.ms, signal);
    if (decision.kind !== 'refuse') return;
    const seconds = Math.ceil(decision.retryAfterMs / 1000);
    throw new Error(
      `the processes of the predictor ended ${known.crashes.length} times; tried again in ${seconds} s`,
    );
  }
}
