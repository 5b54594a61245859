import { ApiError, networkError } from './api-error.ts';
import type { ClientClock } from './client-clock.ts';
import { isAfter } from './log-position.ts';
import { readEventStream } from './read-event-stream.ts';
import type { Requester } from './request.ts';
import { parseFrame } from './stream-event.ts';
import type { StreamEvent } from './stream-event.ts';

export interface ReplayOptions {
  conversationId: string;
  /** The position up to which the rest is known, as `last_log_id` of a fetched conversation. */
  upTo: string;
  signal?: AbortSignal | undefined;
}

/** Also before the first byte; then the server comments every 3 s of silence, as in every stream. */
const SILENCE_LIMIT_MS = 12_000;

export interface Replay {
  events: readonly StreamEvent[];
  /** No turn was running any more: there is nothing to replay, and what was read before is out of date. */
  isOver: boolean;
}

/**
 * Reads a stream with `replay=turn` until it has reached `upTo`, then lets go of it. A stored conversation has no words of
 * a running answer yet; these are they.
 */
export async function replayTurns(
  requester: Requester,
  clock: ClientClock,
  options: ReplayOptions,
): Promise<Replay> {
  const [ending, dead] = [new AbortController(), new AbortController()];
  const own = AbortSignal.any([ending.signal, dead.signal]);
  const signal = options.signal === undefined ? own : AbortSignal.any([options.signal, own]);
  const query = { follow: 'session', replay: 'turn', conversation_id: options.conversationId };
  const headers = { accept: 'text/event-stream' };
  const events: StreamEvent[] = [];
  let isOver = false;
  const reach = (id: string | undefined): void => {
    if (id !== undefined && !isAfter(options.upTo, id)) ending.abort();
  };
  let lastByteAt = clock.now();
  const watch = async (): Promise<void> => {
    for (let silentMs = 0; silentMs < SILENCE_LIMIT_MS; silentMs = clock.now() - lastByteAt) {
      await clock.sleep(SILENCE_LIMIT_MS - silentMs, signal);
      if (signal.aborted) return;
    }
    dead.abort();
  };
  void watch();
  try {
    const response = await requester.open('/sse/stream', { headers, query, signal });
    if (response.body === null) throw new Error('an answer without a body');
    await readEventStream(response.body, {
      onFrame: (raw) => {
        const event = parseFrame(raw);
        // Only a stream that begins now has a position in `ready`: there was no running turn to begin at.
        if (event?.event === 'ready') {
          isOver = event.id !== undefined;
          if (isOver) ending.abort();
        } else if (event !== undefined && !ending.signal.aborted) events.push(event);
        reach(raw.id);
      },
      onPosition: reach,
      onBytes: () => {
        lastByteAt = clock.now();
      },
    });
  } catch (error) {
    if (!ending.signal.aborted) throw error instanceof ApiError ? error : networkError(error);
  } finally {
    // Also where it ended by itself: the watch ends with it.
    dead.abort();
  }
  if (!ending.signal.aborted) throw networkError(new Error('the replay ended early'));
  return { events, isOver };
}
