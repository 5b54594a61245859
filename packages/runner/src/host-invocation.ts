import { PlatformError } from '@switchyard/kernel';
import { bundleEventSchema } from '@switchyard/protocol';
import type { BundleEvent } from '@switchyard/protocol';
import type { BytePipe } from '../host/byte-pipe.ts';
import type { FromHost, ToHost, WireError } from '../host/messages.ts';
import { putParts, releaseParts, takeParts } from '../host/wire-parts.ts';
import type { WirePart } from '../host/wire-parts.ts';
import { EventQueue } from './event-queue.ts';
import { toInvocationError } from './host-failure.ts';
import type { Invocation } from './invocation.ts';
import type { InvocationLimits } from './invocation-limits.ts';
import { LimitTimers } from './limit-timers.ts';
import { openScratchFile } from './scratch-file.ts';

/** More calls than this at once are a runaway loop. */
const MAX_CALLS = 256;

export interface HostInvocationParts {
  readonly id: number;
  readonly invocation: Invocation;
  readonly pipe: BytePipe;
  readonly scratchDir: string;
  readonly maxFileBytes: number;
  readonly maxWholeBytes: number;
  readonly limits: InvocationLimits;
  /** Events beyond this much unacknowledged break the channel's rule. */
  readonly maxQueuedBytes: number;
  readonly ackFromBytes: number;
  send(message: ToHost): void;
  /** The host does not keep to the credit. */
  violated(): void;
  /** What a cancelled invocation is given to end inside the host; `overdue` tells that it did not. */
  readonly graceMs: number;
  overdue(): void;
}

type Message<K extends FromHost['kind']> = Extract<FromHost, { kind: K }>;

/**
 * Proc's side of one invocation in a host. Two ends: `answer` is what the caller waits for and may come early (abort, or an answer
 * whose body still streams); the host is done with it when its `result` came, and only then is the place free.
 */
export class HostInvocation {
  readonly id: number;
  readonly answer: Promise<unknown>;
  readonly #parts: HostInvocationParts;
  readonly #queue: EventQueue;
  readonly #settle: { resolve(value: unknown): void; reject(error: unknown): void };
  readonly #limits: LimitTimers;
  readonly #sending = new Set<{ cancel(reason: string): void }>();
  #calls = 0;
  readonly #abort: () => void;
  #graceTimer: NodeJS.Timeout | undefined;
  #isSettled = false;
  #isMuted = false;
  #answering: Promise<void> | undefined;
  /** Its result came, though events before it may still be on their way to their taker: a host that ends now has done its work. */
  hasResult = false;
  /** It was cancelled, and the time that it was given to end is over. */
  isOverdue = false;

  constructor(parts: HostInvocationParts) {
    this.id = parts.id;
    this.#parts = parts;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.answer = promise;
    this.#settle = { resolve, reject };
    this.#queue = new EventQueue({
      take: (event) => this.#take(event),
      ackFromBytes: parts.ackFromBytes,
      ack: (bytes) => parts.send({ kind: 'ack', id: parts.id, bytes }),
      failed: (error) => this.cancel(error),
    });
    this.#limits = new LimitTimers(parts.limits, (error) => this.cancel(error));
    const { signal } = parts.invocation;
    // Not assigned where it is written: V8 would take it for old (0087), and with it all that the invocation holds.
    const abort = (): void => this.cancel(signal.reason);
    this.#abort = abort;
    signal.addEventListener('abort', abort, { once: true });
  }

  /** Throws on a payload that is too large or no JSON; nothing was sent then. */
  start(): void {
    const { id, invocation, scratchDir } = this.#parts;
    const { kind, name } = invocation;
    const { value: payload, parts } = this.#takeParts(invocation.payload);
    this.#parts.send({
      kind: 'invoke',
      id,
      invocation: { kind, ...(name === undefined ? {} : { name }), payload },
      scratchDir,
      ...(parts.length === 0 ? {} : { parts }),
    });
  }

  /** The caller gets `reason` at once, the host is asked to stop, and nothing that it still says is passed on. */
  cancel(reason: unknown): void {
    if (this.#isMuted) return;
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
    this.#limits.stop();
    this.#parts.invocation.signal.removeEventListener('abort', this.#abort);
    for (const sending of this.#sending) sending.cancel('the invocation has ended');
  }

  fail(error: unknown): void {
    this.#isSettled = true;
    this.#isMuted = true;
    this.#limits.stop();
    this.#queue.mute();
    this.#settle.reject(error);
  }

  event({ event, bytes }: Message<'event'>): void {
    if (this.#isMuted) return;
    this.#limits.touch();
    const checked = bundleEventSchema.safeParse(event);
    if (!checked.success) {
      const at = checked.error.issues[0];
      return this.cancel(refused(`an event was refused: ${at?.path.join('.') ?? ''} ${at?.message ?? ''}`));
    }
    this.#queue.push(checked.data, bytes);
    if (this.#queue.queuedBytes > this.#parts.maxQueuedBytes) this.#parts.violated();
  }

  log({ level, text }: Message<'log'>): void {
    if (!this.#isMuted) this.#parts.invocation.onLog({ level, text });
  }

  async call({ call, target, method, args, parts = [] }: Message<'call'>): Promise<void> {
    const { id, invocation, send } = this.#parts;
    // Its parts are let go, or the host would wait for somebody to read them.
    if (this.#isMuted) return this.#release(parts);
    this.#calls += 1;
    try {
      if (this.#calls > MAX_CALLS)
        throw PlatformError.of('BUNDLE_ERROR', `more than ${MAX_CALLS} calls at once`);
      const given = parts.length === 0 ? args : ((await this.#putParts(args, parts)) as unknown[]);
      const reply = this.#takeParts(await invocation.onCall({ target, method, args: given }));
      send({
        kind: 'reply',
        id,
        call,
        value: reply.value,
        ...(reply.parts.length === 0 ? {} : { parts: reply.parts }),
      });
    } catch (error) {
      send({ kind: 'reply', id, call, error: toReplyError(error) });
    } finally {
      this.#calls -= 1;
    }
  }

  /** The answer, while its bodies still come: events that came before it are taken before the caller hears of it. */
  head({ value, parts = [] }: Message<'head'>): void {
    if (this.#isSettled || this.#answering !== undefined) return this.#release(parts);
    this.#limits.stop();
    const answering = async () => {
      await this.#queue.settled();
      if (this.#isSettled) return this.#release(parts);
      try {
        const answer = await this.#putParts(value, parts);
        this.#isSettled = true;
        this.#settle.resolve(answer);
      } catch (error) {
        this.cancel(refused(error instanceof Error ? error.message : String(error)));
      }
    };
    this.#answering = answering();
  }

  /** The host is done. Resolves when the caller was told. */
  async result({ value, error }: Message<'result'>): Promise<void> {
    this.hasResult = true;
    await this.#answering;
    if (!this.#isMuted) await this.#queue.settled();
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#isMuted = true;
    if (error === undefined) this.#settle.resolve(value);
    else this.#settle.reject(toInvocationError(error));
  }

  async #take(event: BundleEvent): Promise<void> {
    const { invocation, scratchDir, maxFileBytes } = this.#parts;
    if (event.kind !== 'file') return invocation.onEvent(event);
    const file = await openScratchFile(scratchDir, event.path, maxFileBytes).catch((error: unknown) => {
      throw refused(error instanceof Error ? error.message : String(error));
    });
    try {
      await invocation.onEvent(event, file);
    } finally {
      await file.close();
    }
  }

  #putParts(value: unknown, parts: readonly WirePart[]): Promise<unknown> {
    return putParts(value, parts, this.#parts.pipe, this.#parts.maxWholeBytes);
  }

  #takeParts(given: unknown): { value: unknown; parts: WirePart[] } {
    const { value, found } = takeParts(given);
    const parts = found.map(({ at, as, source }) => {
      const sending = this.#parts.pipe.send(source);
      this.#sending.add(sending);
      void sending.done.finally(() => this.#sending.delete(sending));
      return { at, as, id: sending.id };
    });
    return { value, parts };
  }

  #release(parts: readonly WirePart[]): void {
    void releaseParts(parts, this.#parts.pipe).catch(() => this.#parts.violated());
  }
}

function refused(message: string): PlatformError {
  return toInvocationError({ name: 'TypeError', message });
}

/** A bundle may know what the platform answers to any client, and nothing of its insides. */
function toReplyError(error: unknown): WireError {
  if (error instanceof PlatformError && error.expose)
    return { name: 'PlatformError', message: error.message, code: error.errorType };
  return { name: 'PlatformError', message: 'the platform could not do this', code: 'internal' };
}
