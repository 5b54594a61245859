import type { Ack } from '@switchyard/protocol';
import type { ClientClock } from './client-clock.ts';
import { EventFollower } from './follow-events.ts';
import type { RawFrame } from './read-event-stream.ts';
import type { Requester } from './request.ts';
import { messageRequest } from './send-message.ts';
import type { SendOptions } from './send-message.ts';
import { isEnvelope, isRecord, parseFrame, resyncTurns } from './stream-event.ts';
import type { StreamEvent } from './stream-event.ts';

export interface AskOptions extends SendOptions {
  /** The turn that answers a message, its own or the one that took it in, and whether that is over: as the server has stored it. */
  lookUp(conversationId: string, turnId: string): Promise<{ turnId: string; isOver: boolean }>;
  clock: ClientClock;
  random: () => number;
  connect(
    lastEventId: string | undefined,
    signal: AbortSignal,
    conversationId: string | undefined,
  ): Promise<Response>;
}

/** Frames that arrived and wait for the consumer, and the consumer that waits for frames. */
class FrameQueue {
  readonly #frames: StreamEvent[] = [];
  #wake: (() => void) | undefined;
  #failure: Error | undefined;

  push(frame: StreamEvent): void {
    this.#frames.push(frame);
    this.#wake?.();
  }

  fail(error: Error): void {
    this.#failure = error;
    this.#wake?.();
  }

  async next(): Promise<StreamEvent> {
    for (;;) {
      const frame = this.#frames.shift();
      if (frame !== undefined) return frame;
      if (this.#failure !== undefined) throw this.#failure;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** Which frames are of the question, and whose end ends it: that of its own turn, or of the turn that took it in. */
class AnswerWatch {
  #ack: Ack | undefined;
  /** Answers it. */
  #turnId: string | undefined;

  get turnId(): string | undefined {
    return this.#turnId;
  }

  /** Something was lost, and the end may have been among it: a running turn is named in the resync. */
  mayHaveMissedEnd(frame: StreamEvent): boolean {
    if (frame.event !== 'resync' || this.#turnId === undefined) return false;
    return resyncTurns(frame.data).every((turn) => turn.turn_id !== this.#turnId);
  }

  goOverTo(turnId: string): void {
    this.#turnId = turnId;
  }

  /** A stream of the conversation, as it is opened when the first one broke, brings what is said in other turns as well. */
  observe(frame: StreamEvent): 'skip' | 'more' | 'end' {
    if (frame.event === 'ready') {
      this.#ack ??= ackOf(frame.data);
      this.#turnId ??= this.#ack?.turn_id;
    }
    if (this.#ack === undefined || !isEnvelope(frame.data)) return 'more';
    const { type, data = {}, conversation } = frame.data;
    if (type === 'event.continuation.consumed' && data['queued_turn_id'] === this.#turnId) {
      this.goOverTo(typeof data['turn_id'] === 'string' ? data['turn_id'] : conversation.turn_id);
      return 'more';
    }
    // Nothing tells the end of a turn whose conversation is gone.
    const isHere = conversation.conversation_id === this.#ack.conversation_id;
    if (frame.event === 'conv_status' && isHere && data['state'] === 'deleted') return 'end';
    if (conversation.turn_id !== this.#turnId && conversation.turn_id !== this.#ack.turn_id) return 'skip';
    const isEnd = frame.event === 'chat_complete' || frame.event === 'chat_error';
    return isEnd && conversation.turn_id === this.#turnId ? 'end' : 'more';
  }
}

export function ackOf(data: unknown): Ack | undefined {
  const ack = isRecord(data) && isRecord(data['ack']) ? data['ack'] : data;
  if (!isRecord(ack) || typeof ack['turn_id'] !== 'string') return undefined;
  const queued = ack['queued_turn_id'];
  return { ...(ack as Ack), turn_id: typeof queued === 'string' ? queued : ack['turn_id'] };
}

/**
 * One message and its answer's events, in order, to the end of the answer. The first connection posts the message; when
 * it breaks after the ack, a stream of the conversation goes on from the last position, so a broken line costs nothing. A
 * `resync` is handed on; when the answer ended in what was lost, it is the last event, and the conversation has the rest.
 */
export async function* ask(
  requester: Requester,
  options: AskOptions,
): AsyncGenerator<StreamEvent, void, void> {
  const { headers, body } = messageRequest(options);
  const queue = new FrameQueue();
  const watch = new AnswerWatch();
  let ack: Ack | undefined;
  const follower = new EventFollower({
    clock: options.clock,
    random: options.random,
    onFrame: (raw: RawFrame) => {
      const frame = parseFrame(raw);
      if (frame === undefined) return;
      if (frame.event === 'ready') ack ??= ackOf(frame.data);
      queue.push(frame);
    },
    onState: (state) => {
      if (state.status === 'failed' && state.error !== undefined) queue.fail(state.error);
    },
    connect: (lastEventId, signal) =>
      ack !== undefined
        ? options.connect(lastEventId ?? ack.last_log_id, signal, ack.conversation_id)
        : requester.open('/api/chat/messages', {
            method: 'POST',
            headers: { ...headers, accept: 'text/event-stream' },
            body,
            signal,
          }),
  });
  const stop = (): void => queue.fail(new DOMException('The question was given up.', 'AbortError'));
  options.signal?.addEventListener('abort', stop, { once: true });
  try {
    for (;;) {
      const frame = await queue.next();
      const fate = watch.observe(frame);
      if (fate !== 'skip') yield frame;
      if (fate === 'end') return;
      const { turnId } = watch;
      if (!watch.mayHaveMissedEnd(frame) || ack === undefined || turnId === undefined) continue;
      const found = await options.lookUp(ack.conversation_id, turnId);
      if (found.isOver) return;
      watch.goOverTo(found.turnId);
    }
  } finally {
    options.signal?.removeEventListener('abort', stop);
    follower.close();
  }
}
