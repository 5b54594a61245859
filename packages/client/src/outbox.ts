import type { Ack } from '@switchyard/protocol';
import { ApiError, networkError } from './api-error.ts';
import type { ClientClock } from './client-clock.ts';
import { LONGEST_WAIT_MS, decideDelivery, sizeOfMessage } from './outbox-item.ts';
import type { OutboxError, OutboxItem, OutboxMessage } from './outbox-item.ts';
import type { OutboxStorage } from './outbox-storage.ts';
import { decideRetryDelay } from './retry-delay.ts';
import type { SendOptions } from './send-message.ts';

export interface OutboxOptions {
  /** One attempt, without repetitions of its own. */
  send(message: SendOptions): Promise<Ack>;
  storage: OutboxStorage;
  clock: ClientClock;
  random: () => number;
  newKey(): string;
  /** Called for every change of a message; with the ack when it was sent. */
  onChange?: ((item: OutboxItem, ack?: Ack) => void) | undefined;
  /** `false` is believed: nothing is tried until `wake`. */
  isOnline?: (() => boolean) | undefined;
  /** Messages that may wait; more are refused. */
  maxItems?: number | undefined;
  /** Bytes that all of them may have with their files. */
  maxBytes?: number | undefined;
  /** After so long without an answer one attempt counts as lost. */
  attemptLimitMs?: number | undefined;
}

/** There is no room for another message that waits; the caller keeps it. */
export class OutboxFull extends Error {
  override name = 'OutboxFull';
}

const TOO_OLD: OutboxError = {
  errorType: 'outbox_too_old',
  message: 'It waited for almost a day and is not sent without being asked.',
};

interface Line {
  /** Attempts in a row without an answer. */
  failures: number;
  pause: AbortController | undefined;
  /** The server named a time: no waking before it. */
  isAskedToWait: boolean;
}

/**
 * Messages on their way: sent in order within a conversation, again under the same key when no answer came, kept until an
 * ack, a final refusal or the user ends it. A refused message leaves the line; those behind it go on.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #items = new Map<string, OutboxItem>();
  readonly #lines = new Map<string, Line>();
  readonly #idle = new Set<() => void>();
  /** Being written to the storage: not sent before that is done, so that a reload in between loses nothing. */
  readonly #keeping = new Map<string, Promise<void>>();
  #isClosed = false;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** In the order of writing. */
  get items(): readonly OutboxItem[] {
    return [...this.#items.values()].toSorted((a, b) => a.place - b.place);
  }

  /** Takes up what is kept and not here yet, and goes on with it. May be called again. Never rejects. */
  async open(): Promise<void> {
    const kept = await this.#options.storage.load().catch(() => []);
    for (const item of kept.toSorted((a, b) => a.place - b.place)) {
      if (this.#isClosed || this.#items.has(item.key)) continue;
      const state = item.state === 'failed' ? 'failed' : 'queued_offline';
      this.#set({ ...item, state });
      this.#work(item.conversationId);
    }
  }

  /** Takes a message; it goes out by itself. Throws OutboxFull. */
  add(message: OutboxMessage, key: string = this.#options.newKey()): OutboxItem {
    const { clock, maxItems = 100, maxBytes = 50 * 1024 * 1024 } = this.#options;
    const { items } = this;
    const bytes = items.reduce((sum, item) => sum + sizeOfMessage(item), sizeOfMessage(message));
    if (items.length >= maxItems || bytes > maxBytes) throw new OutboxFull('Too many messages wait already.');
    const createdAt = clock.now();
    const place = Math.max(createdAt, (items.at(-1)?.place ?? 0) + 1);
    // Behind one that waits it waits as well.
    const isBehind = items.some(
      (item) => item.conversationId === message.conversationId && item.state === 'queued_offline',
    );
    const isOffline = this.#options.isOnline?.() === false;
    const item: OutboxItem = {
      ...message,
      key,
      createdAt,
      place,
      state: isBehind || isOffline ? 'queued_offline' : 'sending',
    };
    this.#set(item);
    this.#keeping.set(key, this.#keep(item));
    this.#work(item.conversationId);
    return item;
  }

  /** The user wants it sent: a failed one takes its place again, a waiting one is tried now, unless the server named a time. */
  retry(key: string): void {
    const item = this.#items.get(key);
    if (item === undefined) return;
    // Asked for by a person, it counts as written now: its age does not hold it up again.
    if (item.state === 'failed') {
      const again: OutboxItem = {
        ...item,
        state: 'sending',
        error: undefined,
        createdAt: this.#options.clock.now(),
      };
      this.#set(again);
      void this.#keep(again);
    }
    this.#work(item.conversationId);
    const line = this.#lines.get(item.conversationId);
    if (line?.isAskedToWait === false) line.pause?.abort();
  }

  /** The user does not want it sent. One that is under way may have arrived all the same. */
  discard(key: string): OutboxItem | undefined {
    const item = this.#items.get(key);
    this.#forget(key);
    return item;
  }

  /** The network or the page came back: what waits for nothing but that is tried now. */
  wake(): void {
    for (const line of this.#lines.values()) if (!line.isAskedToWait) line.pause?.abort();
  }

  /** Resolves when nothing is under way or waits; failed ones stay. */
  settled(): Promise<void> {
    if (this.#lines.size === 0) return Promise.resolve();
    return new Promise((resolve) => void this.#idle.add(resolve));
  }

  /** Stops sending. What waits stays in the storage. */
  close(): void {
    this.#isClosed = true;
    for (const line of this.#lines.values()) line.pause?.abort();
  }

  #work(conversationId: string): void {
    if (this.#lines.has(conversationId) || this.#isClosed) return;
    const line: Line = { failures: 0, pause: undefined, isAskedToWait: false };
    this.#lines.set(conversationId, line);
    void this.#sendAll(conversationId, line);
  }

  async #sendAll(conversationId: string, line: Line): Promise<void> {
    for (let item = this.#head(conversationId); item !== undefined; item = this.#head(conversationId)) {
      await this.#sendOne(item, line);
    }
    this.#lines.delete(conversationId);
    if (this.#lines.size > 0) return;
    for (const resolve of this.#idle) resolve();
    this.#idle.clear();
  }

  #head(conversationId: string): OutboxItem | undefined {
    if (this.#isClosed) return undefined;
    return this.items.find((item) => item.conversationId === conversationId && item.state !== 'failed');
  }

  async #sendOne(item: OutboxItem, line: Line): Promise<void> {
    const { clock, isOnline } = this.#options;
    await this.#keeping.get(item.key);
    this.#keeping.delete(item.key);
    if (!this.#items.has(item.key)) return;
    if (clock.now() - item.createdAt > LONGEST_WAIT_MS) return this.#fail(item, TOO_OLD);
    const answer = isOnline?.() === false ? networkError(new Error('offline')) : await this.#attempt(item);
    // Discarded while it was under way: nobody waits for the answer.
    if (this.#isClosed || !this.#items.has(item.key)) return;
    if (!(answer instanceof ApiError)) {
      line.failures = 0;
      this.#forget(item.key);
      this.#options.onChange?.({ ...item, state: 'sent', error: undefined }, answer);
      return;
    }
    const decision = decideDelivery(answer);
    if (decision.kind === 'fail') return this.#fail(item, decision.error);
    this.#queue(item, decision.error);
    await this.#pause(line, decision.error.retryAfter);
  }

  async #attempt(item: OutboxItem): Promise<Ack | ApiError> {
    const { message, conversationId, bundleId, attachments, key } = item;
    const { clock, send, attemptLimitMs = 60_000 } = this.#options;
    const [limit, done] = [new AbortController(), new AbortController()];
    void clock.sleep(attemptLimitMs, done.signal).then(() => limit.abort());
    try {
      return await send({
        message,
        conversationId,
        bundleId,
        attachments,
        idempotencyKey: key,
        signal: limit.signal,
      });
    } catch (error) {
      return error instanceof ApiError ? error : networkError(error);
    } finally {
      done.abort();
    }
  }

  async #pause(line: Line, retryAfter: number | undefined): Promise<void> {
    const { clock, random } = this.#options;
    const retryAfterMs = retryAfter === undefined ? undefined : retryAfter * 1000;
    const delayMs = decideRetryDelay({ failures: line.failures, retryAfterMs }, random);
    line.failures += 1;
    line.pause = new AbortController();
    line.isAskedToWait = retryAfter !== undefined;
    await clock.sleep(delayMs, line.pause.signal);
    line.pause = undefined;
  }

  /** It and those behind it wait, and say why. */
  #queue(head: OutboxItem, error: OutboxError): void {
    for (const item of this.items) {
      if (item.conversationId !== head.conversationId || item.state === 'failed') continue;
      this.#set({ ...item, state: 'queued_offline', error });
    }
  }

  #fail(item: OutboxItem, error: OutboxError): void {
    const failed: OutboxItem = { ...item, state: 'failed', error };
    this.#set(failed);
    void this.#keep(failed);
  }

  #set(item: OutboxItem): void {
    this.#items.set(item.key, item);
    this.#options.onChange?.(item);
  }

  #forget(key: string): void {
    this.#items.delete(key);
    const kept = this.#keeping.get(key) ?? Promise.resolve();
    this.#keeping.delete(key);
    void kept.then(() => this.#options.storage.remove(key)).catch(() => undefined);
  }

  /** A storage that is full or does not answer costs what a reload would lose; the message goes out all the same. */
  async #keep(item: OutboxItem): Promise<void> {
    const done = new AbortController();
    const kept = this.#options.storage.save(item).catch(() => undefined);
    await Promise.race([kept, this.#options.clock.sleep(STORAGE_PATIENCE_MS, done.signal)]);
    done.abort();
  }
}

const STORAGE_PATIENCE_MS = 1_000;
