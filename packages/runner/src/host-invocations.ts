import type { BytePipe } from '../host/byte-pipe.ts';
import { keptBackBytes } from '../host/event-outbox.ts';
import { InFlight } from '../host/in-flight.ts';
import type { InFlightNumbers } from '../host/in-flight.ts';
import type { FromHost, ToHost } from '../host/messages.ts';
import { HostInvocation } from './host-invocation.ts';
import type { Invocation } from './invocation.ts';
import type { InvocationLimits } from './invocation-limits.ts';
import type { RunnerConfig } from './runner-config.ts';
import type { ScratchFolders } from './scratch-folders.ts';

export interface HostInvocationsParts {
  readonly config: RunnerConfig;
  readonly pipe: BytePipe;
  readonly numbers: InFlightNumbers;
  readonly scratch: ScratchFolders;
  send(message: ToHost): void;
  /** The host does not keep to the rules of the channel. */
  violated(): void;
  /** A cancelled one did not end in time. */
  overdue(): void;
  /** The host is done with one; it is none of them any more, and `told` says so to whoever began it. */
  over(told: () => void): void;
}

type Message<K extends FromHost['kind']> = Extract<FromHost, { kind: K }>;

interface Running {
  readonly invocation: HostInvocation;
  readonly told: () => void;
}

/** What runs in one host, and who of it a message is for. */
export class HostInvocations {
  readonly #parts: HostInvocationsParts;
  readonly #running = new InFlight<Running>();

  constructor(parts: HostInvocationsParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#running.size;
  }

  /** Somebody runs, and nobody is left to wait for. */
  get areAllOverdue(): boolean {
    return this.#running.size > 0 && this.#running.values().every(({ invocation }) => invocation.isOverdue);
  }

  get(id: number): HostInvocation | undefined {
    return this.#running.get(id)?.invocation;
  }

  /** `told` is called when the host is done with it, whatever the caller was told before. Rejects what the caller is to hear. */
  start(invocation: Invocation, limits: InvocationLimits, told: () => void): Promise<unknown> {
    const { numbers, scratch } = this.#parts;
    const id = numbers.take();
    const running = this.#make(id, invocation, limits);
    this.#running.set(id, { invocation: running, told });
    scratch.keepRequest(id, invocation.payload);
    try {
      running.start();
    } catch (error) {
      running.fail(error);
      this.#end(id);
    }
    return running.answer;
  }

  head(message: Message<'head'>): void {
    const running = this.get(message.id);
    // Streams of what does not run: nobody would ever read them.
    if (running === undefined) return this.#parts.violated();
    running.head(message);
  }

  async result(running: HostInvocation, message: Message<'result'>): Promise<void> {
    const { id, value, error, usedScratch = false } = message;
    await running.result(message);
    this.#parts.scratch.end(id, error ?? value, usedScratch);
    this.#end(id);
  }

  /** The host has ended: so have all, and those with an error that had no result yet. */
  fail(error: unknown): void {
    for (const { invocation } of this.#running.values()) {
      if (!invocation.hasResult) invocation.fail(error);
      this.#end(invocation.id);
    }
  }

  #end(id: number): void {
    const running = this.#running.get(id);
    if (running === undefined) return;
    this.#running.delete(id);
    this.#parts.numbers.giveBack(id);
    running.invocation.end();
    this.#parts.over(running.told);
  }

  #make(id: number, invocation: Invocation, limits: InvocationLimits): HostInvocation {
    const { config, pipe, scratch } = this.#parts;
    return new HostInvocation({
      id,
      invocation,
      pipe,
      scratchDir: scratch.folderOf(id),
      maxFileBytes: config.maxFileBytes,
      maxWholeBytes: config.maxWholeBytes,
      limits,
      // Credit counts UTF-16 units, JSON escapes may make six bytes of one; and one event may be as large as a message.
      maxQueuedBytes: config.windowBytes * 2 + config.maxMessageBytes,
      ackFromBytes: keptBackBytes(config.windowBytes),
      send: (message) => this.#parts.send(message),
      violated: () => this.#parts.violated(),
      graceMs: config.cancelGraceMs,
      overdue: () => this.#parts.overdue(),
    });
  }
}
