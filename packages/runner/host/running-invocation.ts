import { mkdirSync } from 'node:fs';
import type { BytePipe } from './byte-pipe.ts';
import { EventOutbox } from './event-outbox.ts';
import type { OutboxEvent } from './event-outbox.ts';
import type { FromHost, WireError } from './messages.ts';
import { putParts, takeParts } from './wire-parts.ts';
import type { WirePart } from './wire-parts.ts';

/** Beyond the window, when an author does not await: enough for any answer, far from filling a host. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;
const MAX_DELTA_LENGTH = 32 * 1024;

/** What the SDK is given for one invocation. Same shape as its `HostPort`; the host imports nothing of ours. */
export interface Port {
  emit(event: OutboxEvent): Promise<void>;
  call(target: string, method: string, args: readonly unknown[]): Promise<unknown>;
  readonly signal: AbortSignal;
  waitUntil(work: Promise<unknown>): void;
  scratchDir(): string;
}

export interface RunningParts {
  readonly id: number;
  readonly windowBytes: number;
  readonly maxWholeBytes: number;
  readonly scratchDir: string;
  readonly pipe: BytePipe;
  send(message: FromHost): void;
  nextCall(): number;
}

interface PendingCall {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** One invocation inside the host: its events, its calls, its abort. */
export class RunningInvocation {
  readonly #parts: RunningParts;
  readonly #abort = new AbortController();
  readonly #outbox: EventOutbox;
  readonly #calls = new Map<number, PendingCall>();
  /** Streams of this invocation that still go out, and what it was told to wait for. */
  readonly #sending = new Set<{ done: Promise<void>; cancel(reason: string): void }>();
  #work: Promise<unknown>[] = [];
  #isCancelled = false;
  usedScratch = false;
  readonly port: Port;

  constructor(parts: RunningParts) {
    this.#parts = parts;
    this.#outbox = new EventOutbox({
      windowBytes: parts.windowBytes,
      maxPendingBytes: MAX_PENDING_BYTES,
      maxDeltaLength: MAX_DELTA_LENGTH,
      send: (event, bytes) => parts.send({ kind: 'event', id: parts.id, bytes, event }),
      defer: (flush) => void setImmediate(flush),
    });
    this.port = {
      emit: (event) => this.#outbox.push(event),
      call: (...call) => this.#call(...call),
      signal: this.#abort.signal,
      waitUntil: (work) => void this.#work.push(work),
      scratchDir: () => this.#scratchDir(),
    };
  }

  ack(bytes: number): void {
    this.#outbox.ack(bytes);
  }

  async reply(
    call: number,
    value: unknown,
    error: WireError | undefined,
    parts: readonly WirePart[] = [],
  ): Promise<void> {
    const pending = this.#calls.get(call);
    this.#calls.delete(call);
    if (error !== undefined)
      return pending?.reject(Object.assign(new Error(error.message), { name: error.name, code: error.code }));
    if (parts.length === 0) return pending?.resolve(value);
    try {
      pending?.resolve(await this.#put(value, parts));
    } catch (failed) {
      pending?.reject(failed instanceof Error ? failed : new Error(String(failed)));
    }
  }

  /** The payload, with what of it came over the byte pipe. */
  payload(value: unknown, parts: readonly WirePart[] = []): Promise<unknown> {
    return parts.length === 0 ? Promise.resolve(value) : this.#put(value, parts);
  }

  /** Sends what the bundle returned while its bodies still go out, and waits for them. False: there was nothing to wait for. */
  async answerEarly(returned: unknown): Promise<boolean> {
    const { value, parts } = this.#take(returned, () => this.#leave());
    if (parts.length === 0 && this.#work.length === 0) return false;
    await this.#outbox.drained();
    this.#parts.send({ kind: 'head', id: this.#parts.id, value, parts });
    await Promise.all([...this.#sending].map(({ done }) => done));
    // What it waits for may give it more to wait for.
    for (let work = this.#work.splice(0); work.length > 0; work = this.#work.splice(0)) {
      const ended = await Promise.allSettled(work);
      for (const { reason } of ended.filter((one) => one.status === 'rejected'))
        // oxlint-disable-next-line no-console -- inside a host the console is the log of the invocation
        console.error('waitUntil: rejected', reason);
    }
    return true;
  }

  cancel(reason: string): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    const error = new DOMException(reason, 'AbortError');
    this.#close(error);
    this.#abort.abort(error);
  }

  /** After the bundle returned: everything it emitted goes before its result; what it says later is refused. */
  async finish(): Promise<void> {
    await this.#outbox.drained();
    this.#close(new Error('this invocation has ended'));
  }

  /**
   * Whoever was to read its answer has gone. The signal says so, whether the platform ends the invocation for it or not, and whichever of
   * the two is heard of first; what it was told to wait for goes on.
   */
  #leave(): void {
    this.#abort.abort(new DOMException('the reader left', 'AbortError'));
  }

  #close(error: Error): void {
    this.#outbox.close(error);
    for (const call of this.#calls.values()) call.reject(error);
    this.#calls.clear();
    for (const sending of this.#sending) sending.cancel(error.message);
  }

  #put(value: unknown, parts: readonly WirePart[]): Promise<unknown> {
    return putParts(value, parts, this.#parts.pipe, this.#parts.maxWholeBytes);
  }

  #take(given: unknown, onLeft?: () => void): { value: unknown; parts: WirePart[] } {
    const { value, found } = takeParts(given);
    const parts = found.map(({ at, as, source }) => {
      const sending = this.#parts.pipe.send(source, onLeft);
      this.#sending.add(sending);
      void sending.done.finally(() => this.#sending.delete(sending));
      return { at, as, id: sending.id };
    });
    return { value, parts };
  }

  #scratchDir(): string {
    if (!this.usedScratch) mkdirSync(this.#parts.scratchDir, { recursive: true });
    this.usedScratch = true;
    return this.#parts.scratchDir;
  }

  async #call(target: string, method: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#isCancelled) return Promise.reject(this.#abort.signal.reason as Error);
    const call = this.#parts.nextCall();
    const { value, parts } = this.#take(args);
    return new Promise((resolve, reject) => {
      this.#parts.send({
        kind: 'call',
        id: this.#parts.id,
        call,
        target,
        method,
        args: value as unknown[],
        ...(parts.length === 0 ? {} : { parts }),
      });
      this.#calls.set(call, { resolve, reject });
    });
  }
}
