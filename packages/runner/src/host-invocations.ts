import type { BytePipe } from '../host/byte-pipe.ts';
import { keptBackBytes } from '../host/event-outbox.ts';
import type { FromHost, ToHost } from '../host/messages.ts';
import { toInvocationError } from './host-failure.ts';
import { HostInvocation } from './host-invocation.ts';
import type { HostRequests } from './host-requests.ts';
import type { Invocation } from './invocation.ts';
import type { InvocationLimits } from './invocation-limits.ts';
import type { RunnerConfig } from './runner-config.ts';
import type { ScratchFolders } from './scratch-folders.ts';

export interface HostInvocationsParts {
  readonly config: RunnerConfig;
  readonly pipe: BytePipe;
  /** Invocations have their numbers among them. */
  readonly requests: HostRequests;
  readonly scratch: ScratchFolders;
  send(message: ToHost): void;
  /** The host does not keep to the rules of the channel. */
  violated(): void;
  /** A cancelled one did not end in time. */
  overdue(): void;
  /** The host is done with one; it is none of them any more. */
  over(): void;
}

type Message<K extends FromHost['kind']> = Extract<FromHost, { kind: K }>;

/** What runs in one host, and who of it a message is for. */
export class HostInvocations {
  readonly #parts: HostInvocationsParts;
  readonly #running = new Map<number, HostInvocation>();

  constructor(parts: HostInvocationsParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#running.size;
  }

  /** Somebody runs, and nobody is left to wait for. */
  get areAllOverdue(): boolean {
    return this.#running.size > 0 && [...this.#running.values()].every((running) => running.isOverdue);
  }

  get(id: number): HostInvocation | undefined {
    return this.#running.get(id);
  }

  /** `ended` resolves when the host is done with it, whatever the caller was told before. */
  start(
    invocation: Invocation,
    limits: InvocationLimits,
  ): { answer: Promise<unknown>; ended: Promise<void> } {
    const { requests, scratch } = this.#parts;
    const id = requests.nextId();
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    const running = this.#make(id, invocation, limits);
    this.#running.set(id, running);
    scratch.keepRequest(id, invocation.payload);
    const finish = () => {
      running.end();
      this.#running.delete(id);
      end();
      this.#parts.over();
    };
    requests.expect(id, finish);
    try {
      running.start();
    } catch (error) {
      requests.drop(id);
      running.fail(error);
      finish();
    }
    return { answer: running.answer, ended };
  }

  head(message: Message<'head'>): void {
    const running = this.#running.get(message.id);
    // Streams of what does not run: nobody would ever read them.
    if (running === undefined) return this.#parts.violated();
    running.head(message);
  }

  /** The result of one, or the answer to a request of the host itself. */
  async result(message: Message<'result'>): Promise<void> {
    const { requests, scratch } = this.#parts;
    const request = requests.take(message.id);
    const running = this.#running.get(message.id);
    await running?.result(message);
    const { id, value, error, usedScratch = false } = message;
    if (running !== undefined) scratch.end(id, error ?? value, usedScratch);
    if (error === undefined) request?.resolve(value);
    else request?.reject(toInvocationError(error));
  }

  /** The host has ended: so have all that had no result yet. */
  fail(error: unknown): void {
    for (const running of this.#running.values()) if (!running.hasResult) running.fail(error);
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
