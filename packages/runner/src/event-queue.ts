import type { BundleEvent } from '@switchyard/protocol';

/** Longer than any piece a host sends; merging stops there. */
const MAX_MERGED_LENGTH = 32 * 1024;

export interface EventQueueParts {
  take(event: BundleEvent): Promise<void>;
  /** Gives the host its credit back. */
  ack(bytes: number): void;
  /** Credit below this much is kept back: a turn of a few hundred words needs none, and each one is a message. */
  readonly ackFromBytes: number;
  /** The taker rejected. Nothing is taken after it. */
  failed(error: unknown): void;
}

/**
 * Events of one invocation between the channel and whoever takes them: one at a time, in order. While one is being taken the
 * next gather, and deltas of the same marker become one: the slower Redis is, the larger the pieces. Bounded by the credit
 * that acks give back, at most `ackFromBytes` later than they could.
 */
export class EventQueue {
  readonly #parts: EventQueueParts;
  #queue: { event: BundleEvent; bytes: number }[] = [];
  #pumping: Promise<void> | undefined;
  #isMuted = false;
  #owedBytes = 0;
  queuedBytes = 0;

  constructor(parts: EventQueueParts) {
    this.#parts = parts;
  }

  push(event: BundleEvent, bytes: number): void {
    if (this.#isMuted) return;
    this.#queue.push({ event, bytes });
    this.queuedBytes += bytes;
    this.#pumping ??= this.#pump();
  }

  /** Resolves when everything pushed so far was taken. */
  async settled(): Promise<void> {
    await this.#pumping;
  }

  /** Nothing more is taken; what waits is forgotten. */
  mute(): void {
    this.#isMuted = true;
    this.#queue = [];
  }

  async #pump(): Promise<void> {
    try {
      for (let next = this.#shift(); next !== undefined; next = this.#shift()) {
        await this.#parts.take(next.event);
        this.queuedBytes -= next.bytes;
        this.#owedBytes += next.bytes;
        if (this.#isMuted || this.#owedBytes < this.#parts.ackFromBytes) continue;
        this.#parts.ack(this.#owedBytes);
        this.#owedBytes = 0;
      }
    } catch (error) {
      this.mute();
      this.#parts.failed(error);
    } finally {
      this.#pumping = undefined;
    }
  }

  #shift(): { event: BundleEvent; bytes: number } | undefined {
    const first = this.#queue.shift();
    if (first?.event.kind !== 'delta' || first.event.completed !== undefined) return first;
    const { marker } = first.event;
    let { text } = first.event;
    let { bytes } = first;
    let merged = 0;
    for (const { event, bytes: more } of this.#queue) {
      if (event.kind !== 'delta' || event.marker !== marker || event.completed !== undefined) break;
      if (text.length + event.text.length > MAX_MERGED_LENGTH) break;
      text += event.text;
      bytes += more;
      merged += 1;
    }
    this.#queue.splice(0, merged);
    return { event: { kind: 'delta', text, marker }, bytes };
  }
}
