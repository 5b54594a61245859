import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleManifestSchema } from '@switchyard/protocol';
import type { BundleManifest } from '@switchyard/protocol';
import { HostWire } from '../host/host-wire.ts';
import { InFlightNumbers } from '../host/in-flight.ts';
import type { FromHost, ToHost } from '../host/messages.ts';
import { HostChild } from './host-child.ts';
import { decideEndReason, readExit } from './host-exit.ts';
import { HostFailure, toCallerError, toInvocationError } from './host-failure.ts';
import type { EndReason } from './host-failure.ts';
import { sizeOfFolder } from './host-folders.ts';
import type { HostFolders } from './host-folders.ts';
import { HostInvocations } from './host-invocations.ts';
import type { HostAssignment, HostProcessParts } from './host-parts.ts';
import { HostPulse } from './host-pulse.ts';
import { HostRequests } from './host-requests.ts';
import { canChange } from './host-state.ts';
import type { HostState } from './host-state.ts';
import type { Invocation } from './invocation.ts';
import { decideLimits } from './invocation-limits.ts';
import { LogTail } from './log-tail.ts';
import { LogBudget } from './log-budget.ts';
import { maskMessage } from './mask-message.ts';
import { RateBound } from './rate-bound.ts';
import { readFromHost } from './read-from-host.ts';
import { readResidentBytes } from './resident-memory.ts';
import { ScratchFolders } from './scratch-folders.ts';

/** Of the ticks of the runner: a walk over the scratch folders is not free. */
const TICKS_PER_SCRATCH_LOOK = 8;

/** One child process, with one bundle version from `assign` on: its channel, its states, its invocations, its end. */
export class HostProcess {
  readonly exited: Promise<void>;
  startedAt: number;
  state: HostState = 'starting';
  served = 0;
  rssBytes = 0;
  lastBusyAt: number;
  readonly #parts: HostProcessParts;
  readonly #child: HostChild;
  readonly #wire: HostWire<FromHost, ToHost>;
  readonly #tail = new LogTail();
  readonly #requests: HostRequests;
  readonly #scratch: ScratchFolders;
  readonly #invocations: HostInvocations;
  readonly #pulse: HostPulse;
  readonly #messages: RateBound;
  readonly #logLines: LogBudget;
  readonly #resolveExited: () => void;
  #ticks = 0;
  #assigned: HostAssignment | undefined;
  #manifest: BundleManifest | undefined;
  #reason: EndReason | undefined;
  #drainTimer: NodeJS.Timeout | undefined;

  constructor(parts: HostProcessParts) {
    this.#parts = parts;
    const { command, config, clock } = parts;
    this.startedAt = this.lastBusyAt = clock.monotonic();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.exited = promise;
    this.#resolveExited = resolve;
    this.#scratch = new ScratchFolders(parts.folders.scratch, config);
    this.#child = new HostChild({
      command,
      config,
      tail: this.#tail,
      ended: (code, signal, why) => this.#end(code, signal, why),
    });
    this.#wire = new HostWire({
      ...config,
      socket: this.#child.socket,
      flushes: 'at-end-of-turn',
      firstId: 2,
      read: readFromHost,
      onMessage: (message) => this.#receive(message),
      onBroken: () => this.kill('protocol'),
    });
    const numbers = new InFlightNumbers();
    this.#requests = new HostRequests(numbers);
    this.#invocations = new HostInvocations({
      config,
      pipe: this.#wire.pipe,
      numbers,
      scratch: this.#scratch,
      send: (message) => this.#send(message),
      violated: () => this.kill('protocol'),
      overdue: () => {
        this.#assigned?.stuck();
        this.#closeIfOverdue();
      },
      over: (told) => this.#servedOne(told),
    });
    const monotonic = () => clock.monotonic();
    this.#messages = new RateBound(config.maxMessagesPerSecond, monotonic);
    this.#logLines = new LogBudget(config.logLinesPerSecond, monotonic);
    this.#pulse = new HostPulse({
      ...config,
      monotonic,
      ping: () => this.#send({ kind: 'ping', id: 0 }),
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  get isServing(): boolean {
    return this.state === 'ready' || this.state === 'busy';
  }

  get isAssigned(): boolean {
    return this.#assigned !== undefined;
  }

  get memoryMb(): number {
    return this.#parts.memoryMb;
  }

  get running(): number {
    return this.#invocations.count;
  }

  get folders(): HostFolders {
    return this.#parts.folders;
  }

  /** Resolves when the process is up and has loaded the sample. For hosts that wait for a version. */
  async warm(): Promise<void> {
    await this.#limited(this.#request((id) => ({ kind: 'warm', id })));
  }

  /** From here on it is the host of this version, and its end is told to the assignment. */
  assign(assignment: HostAssignment): void {
    this.#assigned = assignment;
    this.startedAt = this.lastBusyAt = this.#parts.clock.monotonic();
  }

  /** Loads the bundle and reads its manifest. Rejects with the bundle's own error, or with the host's end. */
  async start(): Promise<BundleManifest> {
    const { dir, version, props } = this.#assignment();
    const load = async () => {
      const entry = join(dir, version.entry);
      const loaded = await this.#request((id) => ({ kind: 'load', id, entry, props }));
      const manifest = bundleManifestSchema.safeParse(loaded);
      if (!manifest.success)
        throw toInvocationError({
          name: 'TypeError',
          message: `the definition is not valid: ${manifest.error.message}`,
        });
      this.#manifest = manifest.data;
      this.#change('ready');
      return manifest.data;
    };
    return this.#limited(load());
  }

  /** Invocations that run keep the props that they began with. Rejects with the bundle's own error; the former ones stay then. */
  async setProps(props: unknown): Promise<void> {
    await this.#request((id) => ({ kind: 'props', id, props }));
  }

  async #limited<T>(work: Promise<T>): Promise<T> {
    const { config } = this.#parts;
    const timer = setTimeout(() => {
      this.#tail.add(`the bundle did not finish loading within ${config.startMs} ms`);
      this.kill('start-failed');
    }, config.startMs);
    try {
      return await work;
    } catch (error) {
      this.kill('start-failed');
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The caller made sure of a place. `ended` is called when the host is done with it, whatever the caller was told before. */
  invoke(invocation: Invocation, ended: () => void): Promise<unknown> {
    this.#change('busy');
    const limits = this.#manifest === undefined ? {} : decideLimits(this.#manifest, invocation);
    return this.#invocations.start(invocation, limits, ended);
  }

  #servedOne(told: () => void): void {
    this.served += 1;
    this.lastBusyAt = this.#parts.clock.monotonic();
    if (this.#invocations.count === 0 && this.state === 'busy') this.#change('ready');
    told();
    this.#closeIfOverdue();
  }

  /** Takes nothing new; the host exits after its last invocation, or is killed after `drainMs`. */
  drain(drainMs = this.#parts.config.drainMs): void {
    if (!canChange(this.state, 'draining')) return;
    this.#change('draining');
    this.#send({ kind: 'drain' });
    this.#drainTimer = setTimeout(() => this.kill('overdue'), drainMs);
    this.#closeIfOverdue();
  }

  kill(reason: EndReason): void {
    this.#reason ??= reason;
    this.#child.kill();
  }

  /** Heartbeat and memory, at each tick of the runner. */
  async check(): Promise<void> {
    if (this.state === 'stopped' || this.state === 'defunct') return;
    const { config, memoryMb } = this.#parts;
    // While it loads, the start limit counts: code may be busy with itself.
    if (this.state !== 'starting' && this.#pulse.isBlocked) return this.kill('blocked');
    this.#pulse.beat();
    if (this.#messages.isExceeded()) return this.kill('protocol');
    this.#tellDropped();
    const rssBytes = await readResidentBytes(this.pid);
    if (rssBytes !== undefined) this.rssBytes = rssBytes;
    if (this.rssBytes > (memoryMb + config.rssHeadroomMb) * 1024 * 1024) this.kill('memory');
    this.#ticks += 1;
    if (this.state === 'ready' || this.#ticks % TICKS_PER_SCRATCH_LOOK !== 0) return;
    if ((await sizeOfFolder(this.#parts.folders.scratch)) > config.maxScratchBytes) this.kill('disk');
  }

  /** A draining host that holds nothing but overdue invocations has nobody left to wait for. */
  #closeIfOverdue(): void {
    if (this.state === 'draining' && this.#invocations.areAllOverdue) this.kill('overdue');
  }

  #assignment(): HostAssignment {
    if (this.#assigned === undefined) throw new Error('the host has no version yet');
    return this.#assigned;
  }

  #request(message: (id: number) => ToHost): Promise<unknown> {
    return this.#requests.ask((id) => this.#send(message(id)));
  }

  #receive(given: FromHost): void {
    this.#messages.add();
    const message = this.#masked(given);
    switch (message.kind) {
      case 'pong':
        this.#pulse.heard();
        // Where the kernel tells nothing, the host's own word is better than none.
        if (this.rssBytes === 0) this.rssBytes = message.rssBytes;
        return;
      case 'event':
        return this.#invocations.get(message.id)?.event(message);
      case 'call':
        return void this.#invocations.get(message.id)?.call(message);
      case 'log':
        return this.#log(message);
      case 'fatal':
        return this.#tail.add(message.error.stack ?? message.error.message);
      case 'head':
        return this.#invocations.head(message);
      case 'result':
        return this.#result(message);
    }
  }

  #masked(message: FromHost): FromHost {
    if (this.#assigned?.masked === undefined) return message;
    return maskMessage(message, (value) => this.#mask(value));
  }

  #mask<T>(value: T): T {
    const { masked, version } = this.#assigned ?? {};
    return masked === undefined || version === undefined ? value : masked(version.bundleId, value);
  }

  /** Of an invocation, or the answer to a request of the host itself. */
  #result(message: Extract<FromHost, { kind: 'result' }>): void {
    const { id, value, error } = message;
    const running = this.#invocations.get(id);
    if (running !== undefined) return void this.#invocations.result(running, message);
    const request = this.#requests.take(id);
    if (error === undefined) request?.resolve(value);
    else request?.reject(toInvocationError(error));
  }

  #log(message: Extract<FromHost, { kind: 'log' }>): void {
    this.#tail.add(`${message.level} ${message.text}`);
    if (!this.#logLines.take()) return;
    const running = message.id === undefined ? undefined : this.#invocations.get(message.id);
    if (running !== undefined) return running.log(message);
    this.#assigned?.log.info('bundle wrote a log line outside of an invocation', {
      level_of_bundle: message.level,
      text: message.text,
    });
  }

  #tellDropped(): void {
    const lines = this.#logLines.takeDropped();
    if (lines > 0) this.#assigned?.log.warn('bundle log lines dropped', { lines });
  }

  #end(code: number | null, signal: string | null, why?: EndReason): void {
    if (this.state === 'stopped' || this.state === 'defunct') return;
    clearTimeout(this.#drainTimer);
    const exit = readExit(code, signal);
    const reason = this.#reason ?? why ?? decideEndReason(this.state, this.#invocations.count, exit);
    const failure = new HostFailure({ reason, ...exit, lastLines: this.#mask(this.#tail.lines()) });
    this.#change(this.state === 'starting' ? 'defunct' : 'stopped');
    const error = toCallerError(failure);
    this.#invocations.fail(error);
    this.#requests.rejectAll(error);
    this.#child.socket.destroy();
    this.#wire.pipe.close(new Error('the host has ended'));
    if (!this.#parts.config.keepFiles)
      void rm(this.#parts.folders.root, { recursive: true, force: true }).catch(() => undefined);
    if (this.#assigned === undefined) this.#parts.lost(failure);
    else this.#assigned.ended(failure);
    this.#resolveExited();
  }

  #change(to: HostState): void {
    if (this.state === to) return;
    if (!canChange(this.state, to)) throw new Error(`a host cannot go from ${this.state} to ${to}`);
    this.state = to;
  }

  #send(message: ToHost): void {
    if (this.#wire.isOpen) this.#wire.channel.send(message);
  }
}
