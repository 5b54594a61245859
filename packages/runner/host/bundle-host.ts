import { pathToFileURL } from 'node:url';
import type { BytePipe } from './byte-pipe.ts';
import { InFlight } from './in-flight.ts';
import { InvocationLog } from './invocation-log.ts';
import type { JsonChannel } from './json-channel.ts';
import type { FromHost, HostBoot, ToHost } from './messages.ts';
import { releaseParts } from './wire-parts.ts';
import { RunningInvocation } from './running-invocation.ts';
import type { Port } from './running-invocation.ts';
import { SelfFence } from './self-fence.ts';
import { warmUp } from './warm-up.ts';
import { toWireError } from './wire-error.ts';

/** What a loaded bundle must offer: `BundleRuntime` of the SDK, found under a symbol of the global registry. */
interface Runtime {
  readonly contract: number;
  manifest(): unknown;
  load(props: unknown): Promise<void>;
  setProps(props: unknown): Promise<void>;
  invoke(invocation: { kind: string; name?: string; payload: unknown }, port: Port): Promise<unknown>;
  unload(): Promise<void>;
}

const RUNTIME = Symbol.for('switchyard.bundle-runtime');
const CONTRACT = 2;
/** Unsent output beyond which log lines are dropped and counted: events may wait, logs may not fill the memory. */
const MAX_LOG_BACKLOG = 256 * 1024;

export interface HostParts {
  readonly boot: HostBoot;
  readonly channel: JsonChannel<ToHost, FromHost>;
  readonly pipe: BytePipe;
  monotonic(): number;
  rssBytes(): number;
  /** Ends the process at once (`now`) or in order. */
  exit(how: 'now' | 'in-order', code?: number): void;
}

/** The program inside a host: loads one bundle version and answers proc's messages. */
export class BundleHost {
  readonly #parts: HostParts;
  readonly #log: InvocationLog;
  readonly #fence: SelfFence;
  readonly #running = new InFlight<RunningInvocation>();
  #runtime: Runtime | undefined;
  #lastCall = 0;
  #droppedLines = 0;
  #isDraining = false;

  constructor(parts: HostParts) {
    this.#parts = parts;
    this.#log = new InvocationLog((line) => this.#sendLog(line));
    this.#fence = new SelfFence({
      limitMs: parts.boot.selfFenceMs,
      monotonic: parts.monotonic,
      isBusy: () => this.#running.size > 0,
      fence: () => parts.exit('now'),
    });
  }

  start(): void {
    this.#log.captureConsole();
    this.#fence.start();
    process.on('unhandledRejection', (reason) =>
      this.#log.line('error', `unhandled rejection: ${toWireError(reason).stack ?? String(reason)}`),
    );
    process.on('uncaughtException', (error) => {
      this.#send({ kind: 'fatal', error: toWireError(error) });
      this.#parts.exit('in-order', 1);
    });
  }

  receive(message: ToHost): void {
    switch (message.kind) {
      case 'ping':
        this.#fence.heard();
        return this.#send({ kind: 'pong', id: message.id, rssBytes: this.#parts.rssBytes() });
      case 'warm':
        return void this.#answer(message.id, () => warmUp(this.#parts.boot.sampleUrl, RUNTIME));
      case 'load':
        return void this.#answer(message.id, () => this.#load(message.entry, message.props));
      case 'props':
        return void this.#answer(message.id, () => this.#loaded().setProps(message.props));
      case 'invoke':
        return void this.#invoke(message);
      case 'cancel':
        return this.#running.get(message.id)?.cancel(message.reason);
      case 'ack':
        return this.#running.get(message.id)?.ack(message.bytes);
      case 'reply':
        return void this.#reply(message);
      case 'drain':
        this.#isDraining = true;
        return this.#exitWhenDrained();
    }
  }

  /** Resolves with the manifest: whoever loads a version asks for that next. */
  async #load(entry: string, props: unknown): Promise<unknown> {
    const module: unknown = await import(pathToFileURL(entry).href);
    const exported =
      typeof module === 'object' && module !== null && 'default' in module ? module.default : undefined;
    const runtime =
      typeof exported === 'object' && exported !== null
        ? (Reflect.get(exported, RUNTIME) as Runtime | undefined)
        : undefined;
    if (runtime === undefined)
      throw new TypeError(
        'the entry file must export the result of defineBundle() as default, or of predictor()',
      );
    if (runtime.contract !== CONTRACT)
      throw new TypeError(
        `the bundle was made for contract ${runtime.contract} of the SDK, this platform speaks ${CONTRACT}`,
      );
    await runtime.load(props);
    this.#runtime = runtime;
    return runtime.manifest();
  }

  #loaded(): Runtime {
    if (this.#runtime === undefined) throw new Error('the bundle is not loaded');
    return this.#runtime;
  }

  async #invoke({ id, invocation, parts, scratchDir }: Extract<ToHost, { kind: 'invoke' }>): Promise<void> {
    const { boot, pipe } = this.#parts;
    const running = new RunningInvocation({
      id,
      windowBytes: boot.windowBytes,
      maxWholeBytes: boot.maxWholeBytes,
      scratchDir,
      pipe,
      send: (message) => this.#send(message),
      nextCall: () => (this.#lastCall += 1),
    });
    this.#running.set(id, running);
    await this.#log.run(id, () =>
      this.#answer(
        id,
        async () => {
          try {
            const payload = await running.payload(invocation.payload, parts);
            const value = await this.#loaded().invoke({ ...invocation, payload }, running.port);
            return (await running.answerEarly(value)) ? undefined : value;
          } finally {
            await running.finish();
          }
        },
        running,
      ),
    );
    this.#running.delete(id);
    this.#exitWhenDrained();
  }

  async #reply(message: Extract<ToHost, { kind: 'reply' }>): Promise<void> {
    const running = this.#running.get(message.id);
    if (running !== undefined)
      return running.reply(message.call, message.value, message.error, message.parts);
    // Nobody waits for it: what it would bring is let go, or its sender would wait for ever.
    await releaseParts(message.parts ?? [], this.#parts.pipe);
  }

  async #answer(id: number, work: () => Promise<unknown>, running?: RunningInvocation): Promise<void> {
    const facts = () => (running?.usedScratch === true ? { usedScratch: true } : {});
    try {
      const value = await work();
      this.#send({ kind: 'result', id, value, ...facts() });
    } catch (error) {
      this.#send({ kind: 'result', id, error: toWireError(error), ...facts() });
    }
  }

  #exitWhenDrained(): void {
    if (!this.#isDraining || this.#running.size > 0) return;
    const leave = () => this.#parts.exit('in-order');
    Promise.resolve(this.#runtime?.unload()).then(leave, (error: unknown) => {
      this.#log.line('error', `onUnload failed: ${toWireError(error).stack ?? ''}`);
      leave();
    });
  }

  #sendLog(line: Omit<Extract<FromHost, { kind: 'log' }>, 'kind'>): void {
    if (this.#parts.channel.backlog > MAX_LOG_BACKLOG) {
      this.#droppedLines += 1;
      return;
    }
    if (this.#droppedLines > 0) {
      this.#send({
        kind: 'log',
        level: 'warn',
        text: `${this.#droppedLines} log lines dropped: written faster than they could be taken`,
      });
      this.#droppedLines = 0;
    }
    this.#send({ kind: 'log', ...line });
  }

  #send(message: FromHost): void {
    this.#parts.channel.send(message);
  }
}
