import { sleep } from '@switchyard/kernel';
import type { Deadline } from '@switchyard/kernel';
import { ApiError } from '../api-error.ts';
import { BoundedLog } from '../bounded-log.ts';
import { ALREADY_RUNNING } from '../prediction-line.ts';
import type { PredictorHost, SetupSink } from '../predictor-host.ts';
import type { PredictorClaim } from '../predictor-source.ts';
import type { JsonObject } from '../prediction-view.ts';
import { decideHost } from './decide-host.ts';

export interface HostPoolParts {
  /** Fetches the source and sets it up; rejects with a sentence for the caller. Leaves nothing behind then. */
  start(key: string, sink: SetupSink): Promise<PredictorHost>;
  readonly maxHosts: number;
  /** Of one source at once; without it, as many as there is room for. */
  maxHostsOf?(key: string): number;
  /** A host for each prediction, ended after it. */
  readonly isOneShot: boolean;
  /** For a host, where the prediction may wait for one. */
  readonly waitMs: number;
  readonly stopMs: number;
  readonly maxLogCharacters: number;
  monotonic(): number;
  deadline(ms: number): Deadline;
}

/** One host of the pool, for whoever looks at it. */
export interface HostUse {
  readonly key: string;
  /** Undefined while it starts. */
  readonly host: PredictorHost | undefined;
  readonly running: number;
  /** For its start, or for room in it. */
  readonly waiting: number;
  /** Predictions that ran in it. */
  readonly served: number;
  /** Milliseconds since it was begun, and since it was last given back. */
  readonly ageMs: number;
  readonly idleForMs: number;
}

interface Entry {
  readonly key: string;
  readonly setupLog: BoundedLog;
  readonly abort: AbortController;
  readonly started: Promise<PredictorHost>;
  host: PredictorHost | undefined;
  isReady: boolean;
  capacity: number;
  users: number;
  running: number;
  served: number;
  readonly beganAtMs: number;
  usedAtMs: number;
}

/**
 * Hosts of many sources, `maxHosts` at once. Who takes which is decided in one step, without waiting, so nothing is held while a source
 * is fetched or set up. An entry leaves the pool before its host is stopped, and is never handed out after that.
 */
export class HostPool {
  readonly #parts: HostPoolParts;
  readonly #entries = new Set<Entry>();
  readonly #waiting = new Set<() => void>();
  readonly #stopping = new Set<Promise<void>>();
  /** Of each source, as long as it has a host. */
  readonly #schemas = new Map<string, JsonObject>();
  readonly #closing = new AbortController();
  #isWaking = false;
  #wakeAgain = false;

  constructor(parts: HostPoolParts) {
    this.#parts = parts;
  }

  get hosts(): number {
    return this.#entries.size;
  }

  /** No source that has no host yet would find room. */
  get isFull(): boolean {
    const busy = [...this.#entries].filter(({ users }) => users > 0);
    return busy.length >= this.#parts.maxHosts;
  }

  /** Who waits for a host of his own is in none of them. */
  get waiting(): number {
    return this.#waiting.size;
  }

  uses(): HostUse[] {
    const now = this.#parts.monotonic();
    return [...this.#entries].map(({ key, host, users, running, served, beganAtMs, usedAtMs }) => ({
      key,
      host,
      running,
      waiting: users - running,
      served,
      ageMs: now - beganAtMs,
      idleForMs: users === 0 ? now - usedAtMs : 0,
    }));
  }

  schemasOf(key: string): JsonObject | undefined {
    return this.#schemas.get(key);
  }

  /** Throws ApiError 409 where there is no room and it may not wait. */
  claim(key: string, mayWait: boolean): PredictorClaim {
    // Who may wait takes a host when it has its place: with a host in hand and no place it would hold up those with a place and no host.
    let entry = mayWait ? undefined : this.#assign(key);
    if (entry === undefined && !mayWait) throw new ApiError(409, ALREADY_RUNNING, 'every runner is busy');
    let isRunning = false;
    return {
      acquire: async (signal, onLog) => {
        for (;;) {
          entry ??= await this.#wait(key, signal);
          const taken = entry;
          const host = await this.#started(taken, signal, onLog);
          // Whoever came while it started may be one too many for it.
          if (taken.running < taken.capacity && this.#entries.has(taken)) {
            taken.running += 1;
            isRunning = true;
            return host;
          }
          this.#leave(taken, false);
          entry = this.#assign(key);
        }
      },
      release: () => {
        if (entry !== undefined) this.#leave(entry, isRunning);
        entry = undefined;
      },
    };
  }

  /** All hosts of a source end; a later call of it would start one anew. */
  retire(key: string): void {
    for (const entry of this.#entries) if (entry.key === key) void this.#drop(entry);
  }

  /** Hosts that nobody used for this long end. */
  endIdle(idleMs: number): void {
    const before = this.#parts.monotonic() - idleMs;
    for (const entry of this.#entries)
      if (entry.users === 0 && entry.isReady && entry.usedAtMs < before) void this.#drop(entry);
  }

  async stop(deadline: Deadline): Promise<void> {
    this.#closing.abort(new Error('the server is shutting down'));
    for (const entry of this.#entries) void this.#drop(entry, deadline);
    await Promise.all(this.#stopping);
  }

  #assign(key: string): Entry | undefined {
    if (this.#closing.signal.aborted) return undefined;
    const { maxHosts, isOneShot } = this.#parts;
    const maxOwn = this.#parts.maxHostsOf?.(key) ?? maxHosts;
    const decision = decideHost([...this.#entries], key, { maxHosts, reuses: !isOneShot, maxOwn });
    if (decision.kind === 'full') return undefined;
    if (decision.kind === 'use') {
      decision.host.users += 1;
      return decision.host;
    }
    const { evicted } = decision;
    return this.#open(key, evicted === undefined ? Promise.resolve() : this.#drop(evicted));
  }

  /** @param room resolves when there is memory for it */
  #open(key: string, room: Promise<void>): Entry {
    const { start, maxLogCharacters, monotonic } = this.#parts;
    const abort = new AbortController();
    const setupLog = new BoundedLog(maxLogCharacters);
    const sink: SetupSink = { onLog: (text) => setupLog.add(text), signal: abort.signal };
    const started = room.then(() => {
      abort.signal.throwIfAborted();
      return start(key, sink);
    });
    const entry: Entry = {
      key,
      setupLog,
      abort,
      started,
      host: undefined,
      isReady: false,
      capacity: 1,
      users: 1,
      running: 0,
      served: 0,
      beganAtMs: monotonic(),
      usedAtMs: monotonic(),
    };
    this.#entries.add(entry);
    started.then(
      (host) => this.#ready(entry, host),
      () => this.#drop(entry),
    );
    return entry;
  }

  #ready(entry: Entry, host: PredictorHost): void {
    entry.host = host;
    entry.isReady = true;
    entry.capacity = this.#parts.isOneShot ? 1 : host.maxConcurrency;
    if (!this.#entries.has(entry)) return;
    this.#schemas.set(entry.key, host.schemas);
    // What ended by itself takes nothing more; who ran in it hears the cause from the host.
    void host.ended.then(() => this.#drop(entry));
    this.#wake();
  }

  async #started(
    { started, setupLog }: Entry,
    signal: AbortSignal,
    onLog: (text: string) => void,
  ): Promise<PredictorHost> {
    const { promise: left, reject } = Promise.withResolvers<never>();
    const leave = () => reject(signal.reason as Error);
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await Promise.race([started, left]);
    } catch (error) {
      if (!signal.aborted) onLog(setupLog.text);
      throw error;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  #leave(entry: Entry, wasRunning: boolean): void {
    entry.users -= 1;
    if (wasRunning) {
      entry.running -= 1;
      entry.served += 1;
    }
    entry.usedAtMs = this.#parts.monotonic();
    // Nobody waits for it any more: a setup that takes long must not keep the room.
    if (entry.users === 0 && (!entry.isReady || this.#parts.isOneShot)) void this.#drop(entry);
    this.#wake();
  }

  /** Out of the pool at once; resolves when its process is gone. */
  #drop(entry: Entry, deadline = this.#parts.deadline(this.#parts.stopMs)): Promise<void> {
    if (!this.#entries.delete(entry)) return Promise.resolve();
    if (![...this.#entries].some(({ key, isReady }) => key === entry.key && isReady))
      this.#schemas.delete(entry.key);
    entry.abort.abort(new Error('the server does not need it any more'));
    const stopped = entry.started.then(
      (host) => host.stop(deadline),
      () => undefined,
    );
    this.#stopping.add(stopped);
    void stopped.finally(() => this.#stopping.delete(stopped));
    this.#wake();
    return stopped;
  }

  /** Those who wait look in their order. Whoever takes a host may make room by it: then all look once more, after it has its own. */
  #wake(): void {
    this.#wakeAgain = true;
    if (this.#isWaking) return;
    this.#isWaking = true;
    while (this.#wakeAgain) {
      this.#wakeAgain = false;
      for (const look of this.#waiting) look();
    }
    this.#isWaking = false;
  }

  async #wait(key: string, signal: AbortSignal): Promise<Entry> {
    const { promise, resolve } = Promise.withResolvers<Entry>();
    const over = new AbortController();
    const look = (): void => {
      const entry = this.#assign(key);
      if (entry === undefined) return;
      this.#waiting.delete(look);
      resolve(entry);
    };
    this.#waiting.add(look);
    this.#wake();
    const ends = AbortSignal.any([signal, this.#closing.signal, over.signal]);
    const late = sleep(this.#parts.waitMs, ends).then(() => {
      throw new ApiError(409, ALREADY_RUNNING, 'waited for too long');
    });
    // It is also rejected when the wait is over.
    late.catch(() => undefined);
    try {
      return await Promise.race([promise, late]);
    } catch (error) {
      // A host may have been given in the same moment.
      if (!this.#waiting.delete(look)) void promise.then((entry) => this.#leave(entry, false));
      throw error;
    } finally {
      over.abort();
    }
  }
}
