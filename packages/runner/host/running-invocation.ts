import { EventOutbox } from './event-outbox.ts';
import type { OutboxEvent } from './event-outbox.ts';
import type { FromHost, WireError } from './messages.ts';

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
      waitUntil: () => undefined,
      scratchDir: () => {
        throw new Error('there is no scratch folder');
      },
    };
  }

  get isAborted(): boolean {
    return this.#abort.signal.aborted;
  }

  ack(bytes: number): void {
    this.#outbox.ack(bytes);
  }

  reply(call: number, value: unknown, error: WireError | undefined): void {
    const pending = this.#calls.get(call);
    this.#calls.delete(call);
    if (error === undefined) pending?.resolve(value);
    else pending?.reject(Object.assign(new Error(error.message), { name: error.name, code: error.code }));
  }

  cancel(reason: string): void {
    if (this.isAborted) return;
    const error = new DOMException(reason, 'AbortError');
    this.#close(error);
    this.#abort.abort(error);
  }

  /** After the bundle returned: everything it emitted goes before its result; what it says later is refused. */
  async finish(): Promise<void> {
    await this.#outbox.drained();
    this.#close(new Error('this invocation has ended'));
  }

  #close(error: Error): void {
    this.#outbox.close(error);
    for (const call of this.#calls.values()) call.reject(error);
    this.#calls.clear();
  }

  #call(target: string, method: string, args: readonly unknown[]): Promise<unknown> {
    if (this.isAborted) return Promise.reject(this.#abort.signal.reason as Error);
    const call = this.#parts.nextCall();
    return new Promise((resolve, reject) => {
      this.#parts.send({ kind: 'call', id: this.#parts.id, call, target, method, args });
      this.#calls.set(call, { resolve, reject });
    });
  }
}
