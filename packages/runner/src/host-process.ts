import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { bundleManifestSchema } from '@switchyard/protocol';
import type { BundleManifest } from '@switchyard/protocol';
import type { Clock } from '@switchyard/kernel';
import type { Log } from '@switchyard/telemetry';
import { JsonChannel } from '../host/json-channel.ts';
import type { FromHost, ToHost } from '../host/messages.ts';
import type { HostCommand } from './host-command.ts';
import { decideEndReason, readExit } from './host-exit.ts';
import { HostFailure, toCallerError, toInvocationError } from './host-failure.ts';
import type { EndReason } from './host-failure.ts';
import { HostInvocation } from './host-invocation.ts';
import { HostPulse } from './host-pulse.ts';
import { canChange } from './host-state.ts';
import type { HostState } from './host-state.ts';
import type { BundleVersion, Invocation } from './invocation.ts';
import { LogTail } from './log-tail.ts';
import { LogBudget } from './log-budget.ts';
import { RateBound } from './rate-bound.ts';
import { readFromHost } from './read-from-host.ts';
import { readResidentBytes } from './resident-memory.ts';
import type { RunnerConfig } from './runner-config.ts';

/** After `exit`, the last messages may still be in the pipe; a pipe that somebody else holds open is not waited for longer. */
const LAST_WORDS_MS = 200;

export interface HostProcessParts {
  readonly version: BundleVersion;
  readonly command: HostCommand;
  readonly memoryMb: number;
  readonly config: RunnerConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** A cancelled invocation did not end in time: the host should get no new work. */
  stuck(): void;
  ended(failure: HostFailure): void;
}

type Request = { resolve(value: unknown): void; reject(error: unknown): void };

/** One child process with one bundle version: its channel, its states, its invocations, its end. */
export class HostProcess {
  readonly exited: Promise<void>;
  readonly startedAt: number;
  readonly pid: number;
  state: HostState = 'starting';
  served = 0;
  rssBytes = 0;
  lastBusyAt: number;
  readonly #parts: HostProcessParts;
  readonly #child: ChildProcess;
  readonly #channel: JsonChannel<FromHost, ToHost>;
  readonly #tail = new LogTail();
  readonly #requests = new Map<number, Request>();
  readonly #running = new Map<number, HostInvocation>();
  readonly #pulse: HostPulse;
  readonly #messages: RateBound;
  readonly #logLines: LogBudget;
  readonly #resolveExited: () => void;
  #lastId = 0;
  #reason: EndReason | undefined;
  #drainTimer: NodeJS.Timeout | undefined;

  constructor(parts: HostProcessParts) {
    this.#parts = parts;
    const { command, config, clock } = parts;
    this.startedAt = this.lastBusyAt = clock.monotonic();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.exited = promise;
    this.#resolveExited = resolve;
    const user = {
      ...(config.uid === undefined ? {} : { uid: config.uid }),
      ...(config.gid === undefined ? {} : { gid: config.gid }),
    };
    this.#child = spawn(command.command, [...command.args], {
      env: {},
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      ...user,
    });
    this.pid = this.#child.pid ?? -1;
    const socket = this.#child.stdio[3] as Duplex;
    socket.on('error', () => undefined);
    this.#channel = new JsonChannel({
      socket,
      maxMessageBytes: config.maxMessageBytes,
      read: readFromHost,
      onMessage: (message) => this.#receive(message),
      onBroken: () => this.kill('protocol'),
    });
    const monotonic = () => clock.monotonic();
    this.#messages = new RateBound(config.maxMessagesPerSecond, monotonic);
    this.#logLines = new LogBudget(config.logLinesPerSecond, monotonic);
    this.#pulse = new HostPulse({
      ...config,
      monotonic,
      ping: () => this.#send({ kind: 'ping', id: 0 }),
    });
    this.#watch();
  }

  get isServing(): boolean {
    return this.state === 'ready' || this.state === 'busy';
  }

  get memoryMb(): number {
    return this.#parts.memoryMb;
  }

  get running(): number {
    return this.#running.size;
  }

  /** Loads the bundle and reads its manifest. Rejects with the bundle's own error, or with the host's end. */
  async start(): Promise<BundleManifest> {
    const { version, config } = this.#parts;
    const timer = setTimeout(() => {
      this.#tail.add(`the bundle did not finish loading within ${config.startMs} ms`);
      this.kill('start-failed');
    }, config.startMs);
    try {
      await this.#request((id) => ({ kind: 'load', id, entry: join(version.dir, version.entry) }));
      const manifest = bundleManifestSchema.safeParse(await this.#request((id) => ({ kind: 'inspect', id })));
      if (!manifest.success)
        throw toInvocationError({
          name: 'TypeError',
          message: `the definition is not valid: ${manifest.error.message}`,
        });
      this.#change('ready');
      return manifest.data;
    } catch (error) {
      this.kill('start-failed');
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  /** The caller made sure of a place. `ended` resolves when the host is done with it, whatever the caller was told before. */
  invoke(invocation: Invocation): { answer: Promise<unknown>; ended: Promise<void> } {
    const id = (this.#lastId += 1);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const running = new HostInvocation({
      id,
      invocation,
      // Credit counts UTF-16 units, JSON escapes may make six bytes of one; and one event may be as large as a message.
      maxQueuedBytes: this.#parts.config.windowBytes * 2 + this.#parts.config.maxMessageBytes,
      send: (message) => this.#send(message),
      violated: () => this.kill('protocol'),
      graceMs: this.#parts.config.cancelGraceMs,
      overdue: () => {
        this.#parts.stuck();
        this.#closeIfOverdue();
      },
    });
    this.#running.set(id, running);
    this.#change('busy');
    const finish = () => {
      running.end();
      this.#running.delete(id);
      this.served += 1;
      this.lastBusyAt = this.#parts.clock.monotonic();
      if (this.#running.size === 0 && this.state === 'busy') this.#change('ready');
      end();
      this.#closeIfOverdue();
    };
    this.#requests.set(id, { resolve: finish, reject: finish });
    const { kind, name, payload } = invocation;
    try {
      this.#channel.send({
        kind: 'invoke',
        id,
        invocation: { kind, ...(name === undefined ? {} : { name }), payload },
      });
    } catch (error) {
      this.#requests.delete(id);
      running.fail(error);
      finish();
    }
    return { answer: running.answer, ended };
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
    this.#child.kill('SIGKILL');
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
  }

  /** A draining host that holds nothing but overdue invocations has nobody left to wait for. */
  #closeIfOverdue(): void {
    if (this.state !== 'draining' || this.#running.size === 0) return;
    if ([...this.#running.values()].every((running) => running.isOverdue)) this.kill('overdue');
  }

  #request(message: (id: number) => ToHost): Promise<unknown> {
    const id = (this.#lastId += 1);
    return new Promise((resolve, reject) => {
      this.#requests.set(id, { resolve, reject });
      this.#send(message(id));
    });
  }

  #receive(message: FromHost): void {
    this.#messages.add();
    switch (message.kind) {
      case 'pong':
        this.#pulse.heard();
        // Where the kernel tells nothing, the host's own word is better than none.
        if (this.rssBytes === 0) this.rssBytes = message.rssBytes;
        return;
      case 'event':
        return this.#running.get(message.id)?.event(message);
      case 'call':
        return void this.#running.get(message.id)?.call(message);
      case 'log':
        return this.#log(message);
      case 'fatal':
        return this.#tail.add(message.error.stack ?? message.error.message);
      case 'result':
        return void this.#result(message);
    }
  }

  async #result(message: Extract<FromHost, { kind: 'result' }>): Promise<void> {
    const request = this.#requests.get(message.id);
    this.#requests.delete(message.id);
    await this.#running.get(message.id)?.result(message);
    if (message.error === undefined) request?.resolve(message.value);
    else request?.reject(toInvocationError(message.error));
  }

  #log(message: Extract<FromHost, { kind: 'log' }>): void {
    this.#tail.add(`${message.level} ${message.text}`);
    if (!this.#logLines.take()) return;
    const running = message.id === undefined ? undefined : this.#running.get(message.id);
    if (running !== undefined) return running.log(message);
    this.#parts.log.info('bundle wrote a log line outside of an invocation', {
      level_of_bundle: message.level,
      text: message.text,
    });
  }

  #tellDropped(): void {
    const lines = this.#logLines.takeDropped();
    if (lines > 0) this.#parts.log.warn('bundle log lines dropped', { lines });
  }

  #watch(): void {
    for (const output of [this.#child.stdout, this.#child.stderr]) {
      output?.setEncoding('utf8').on('data', (chunk: string) => this.#tail.write(chunk));
    }
    const closed = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.once('error', (error) => {
      this.#tail.add(error.message);
      this.#end(null, null, 'start-failed');
    });
    this.#child.once('exit', (code, signal) => {
      const timer = setTimeout(() => this.#end(code, signal), LAST_WORDS_MS);
      void closed.then(() => {
        clearTimeout(timer);
        this.#end(code, signal);
      });
    });
  }

  #end(code: number | null, signal: string | null, why?: EndReason): void {
    if (this.state === 'stopped' || this.state === 'defunct') return;
    clearTimeout(this.#drainTimer);
    const exit = readExit(code, signal);
    const reason = this.#reason ?? why ?? decideEndReason(this.state, this.#running.size, exit);
    const failure = new HostFailure({ reason, ...exit, lastLines: this.#tail.lines() });
    this.#change(this.state === 'starting' ? 'defunct' : 'stopped');
    const error = toCallerError(failure);
    for (const running of this.#running.values()) running.fail(error);
    for (const request of this.#requests.values()) request.reject(error);
    this.#requests.clear();
    this.#child.stdio[3]?.destroy();
    this.#parts.ended(failure);
    this.#resolveExited();
  }

  #change(to: HostState): void {
    if (this.state === to) return;
    if (!canChange(this.state, to)) throw new Error(`a host cannot go from ${this.state} to ${to}`);
    this.state = to;
  }

  #send(message: ToHost): void {
    if (this.#channel.isOpen) this.#channel.send(message);
  }
}
