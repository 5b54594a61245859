import { PlatformError } from '@switchyard/kernel';
import { bundleEventSchema } from '@switchyard/protocol';
import type { FromHost, ToHost, WireError } from '../host/messages.ts';
import { EventQueue } from './event-queue.ts';
import { toInvocationError } from './host-failure.ts';
import type { Invocation } from './invocation.ts';

/** More calls than this at once are a runaway loop. */
const MAX_CALLS = 256;

export interface HostInvocationParts {
  readonly id: number;
  readonly invocation: Invocation;
  /** Events beyond this much unacknowledged break the channel's rule. */
  readonly maxQueuedBytes: number;
  send(message: ToHost): void;
  /** The host does not keep to the credit. */
  violated(): void;
  /** What a cancelled invocation is given to end inside the host; `overdue` tells that it did not. */
  readonly graceMs: number;
  overdue(): void;
}

type Message<K extends FromHost['kind']> = Extract<FromHost, { kind: K }>;

/**
 * Proc's side of one invocation in a host. Two ends: `answer` is what the caller waits for and may come early (abort); the host
 * is done with it when its `result` came, and only then is the place free.
 */
export class HostInvocation {
  readonly answer: Promise<unknown>;
  readonly #parts: HostInvocationParts;
  readonly #queue: EventQueue;
  readonly #settle: { resolve(value: unknown): void; reject(error: unknown): void };
  #calls = 0;
  readonly #abort: () => void;
  #graceTimer: NodeJS.Timeout | undefined;
  #isSettled = false;
  /** It was cancelled, and the time that it was given to end is over. */
  isOverdue = false;

  constructor(parts: HostInvocationParts) {
    this.#parts = parts;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.answer = promise;
    this.#settle = { resolve, reject };
    this.#queue = new EventQueue({
      take: (event) => parts.invocation.onEvent(event),
      ack: (bytes) => parts.send({ kind: 'ack', id: parts.id, bytes }),
      failed: (error) => this.cancel(error),
    });
    const { signal } = parts.invocation;
    this.#abort = () => this.cancel(signal.reason);
    signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** The caller gets `reason` at once, the host is asked to stop, and nothing that it still says is passed on. */
  cancel(reason: unknown): void {
    if (this.#isSettled) return;
    this.fail(
      reason instanceof PlatformError ? reason : PlatformError.of('CANCELLED', undefined, { cause: reason }),
    );
    this.#parts.send({ kind: 'cancel', id: this.#parts.id, reason: 'cancelled' });
    this.#graceTimer = setTimeout(() => {
      this.isOverdue = true;
      this.#parts.overdue();
    }, this.#parts.graceMs);
  }

  /** The host is done with it: nothing of it stays behind. */
  end(): void {
    clearTimeout(this.#graceTimer);
    this.#parts.invocation.signal.removeEventListener('abort', this.#abort);
  }

  fail(error: unknown): void {
    this.#isSettled = true;
    this.#queue.mute();
    this.#settle.reject(error);
  }

  event({ event, bytes }: Message<'event'>): void {
    if (this.#isSettled) return;
    const checked = bundleEventSchema.safeParse(event);
    if (!checked.success) {
      const at = checked.error.issues[0];
      return this.cancel(
        refusedEvent(`an event was refused: ${at?.path.join('.') ?? ''} ${at?.message ?? ''}`),
      );
    }
    this.#queue.push(checked.data, bytes);
    if (this.#queue.queuedBytes > this.#parts.maxQueuedBytes) this.#parts.violated();
  }

  log({ level, text }: Message<'log'>): void {
    if (!this.#isSettled) this.#parts.invocation.onLog({ level, text });
  }

  async call({ call, target, method, args }: Message<'call'>): Promise<void> {
    if (this.#isSettled) return;
    const { id, invocation, send } = this.#parts;
    this.#calls += 1;
    try {
      if (this.#calls > MAX_CALLS)
        throw PlatformError.of('BUNDLE_ERROR', `more than ${MAX_CALLS} calls at once`);
      const value = await invocation.onCall({ target, method, args });
      send({ kind: 'reply', id, call, value });
    } catch (error) {
      send({ kind: 'reply', id, call, error: toReplyError(error) });
    } finally {
      this.#calls -= 1;
    }
  }

  /** Events that came before the result are taken before the caller hears of it. */
  async result({ value, error }: Message<'result'>): Promise<void> {
    if (!this.#isSettled) await this.#queue.settled();
    if (this.#isSettled) return;
    this.#isSettled = true;
    if (error === undefined) this.#settle.resolve(value);
    else this.#settle.reject(toInvocationError(error));
  }
}

function refusedEvent(message: string): PlatformError {
  return toInvocationError({ name: 'TypeError', message });
}

/** A bundle may know what the platform answers to any client, and nothing of its insides. */
function toReplyError(error: unknown): WireError {
  if (error instanceof PlatformError && error.expose)
    return { name: 'PlatformError', message: error.message, code: error.errorType };
  return { name: 'PlatformError', message: 'the platform could not do this', code: 'internal' };
}
