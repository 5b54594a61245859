import { createParser } from 'eventsource-parser';

/** One frame as it stands on the wire; `data` is still text. */
export interface RawFrame {
  id: string | undefined;
  event: string;
  data: string;
}

export interface EventStreamSink {
  onFrame(frame: RawFrame): void;
  /** A bare `id:`: nothing in it for us, but our position in the log moves on. */
  onPosition(id: string): void;
  /** Any bytes at all, comments too: the connection lives. */
  onBytes?(): void;
  /** The server's `retry:` field, milliseconds. */
  onRetry?(ms: number): void;
}

/** One frame may hold a whole merged answer; far beyond this it is not our server that talks. */
const MAX_FRAME_CHARACTERS = 64 * 1024 * 1024;

/** Reads an SSE body to its end. Rejects when the connection breaks or the signal of its fetch aborts. */
export async function readEventStream(
  body: ReadableStream<Uint8Array>,
  sink: EventStreamSink,
): Promise<void> {
  // The parser reports an id before the frame that carries it. An id counts as bare only when no frame follows with it:
  // otherwise a sink that drops what it already has would drop the frame itself.
  let bareId: string | undefined;
  const flushBareId = (): void => {
    if (bareId !== undefined) sink.onPosition(bareId);
    bareId = undefined;
  };
  const parser = createParser({
    maxBufferSize: MAX_FRAME_CHARACTERS,
    onId: (id) => {
      flushBareId();
      bareId = id;
    },
    onEvent: (event) => {
      if (event.id === undefined) flushBareId();
      bareId = undefined;
      sink.onFrame({ id: event.id, event: event.event ?? 'message', data: event.data });
    },
    onRetry: (ms) => sink.onRetry?.(ms),
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') throw error;
    },
  });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      sink.onBytes?.();
      parser.feed(decoder.decode(value, { stream: true }));
      flushBareId();
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
