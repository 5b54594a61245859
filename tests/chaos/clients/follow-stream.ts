import type { Random } from '../random.ts';
import { readFrames } from './read-frames.ts';
import type { Recorder } from './recorder.ts';

export interface Reader {
  readonly client: string;
  readonly chain: string;
  readonly streamId: string;
  /** As `follow=session`. */
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** Where a stream may be opened; another one at every connection. */
  readonly addresses: readonly string[];
  readonly random: Random;
  readonly recorder: Recorder;
}

export interface FollowedStream {
  /** Ends the connection, as a train in a tunnel does; the reader comes back. */
  cut(): void;
  /** Ends it for good. */
  stop(): Promise<void>;
  /** Resolves when a stream stands and has said `ready`. */
  readonly opened: Promise<void>;
}

/** A stream says something every three seconds; one that was silent for so long is given up. */
const SILENCE_MS = 12_000;
const [SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS] = [50, 1500];

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Reads one connection to its end. `onId` hears every position. */
const readOnce = async (
  reader: Reader,
  lastId: string | undefined,
  attempt: AbortController,
  onFrame: (id: string | undefined, event: string) => void,
): Promise<void> => {
  const { client, chain, streamId, query, headers, addresses, random, recorder } = reader;
  const silence = setTimeout(() => attempt.abort(), SILENCE_MS);
  try {
    const search = new URLSearchParams({ stream_id: streamId, ...query }).toString();
    const response = await fetch(`${random.pick(addresses)}/sse/stream?${search}`, {
      headers: {
        ...headers,
        accept: 'text/event-stream',
        ...(lastId === undefined ? {} : { 'last-event-id': lastId }),
      },
      signal: attempt.signal,
    });
    recorder.count(`stream ${response.status}`);
    if (response.status !== 200 || response.body === null) {
      await response.body?.cancel();
      return;
    }
    const resumedFrom = response.headers.get('x-resumed-from');
    const { conversation_id: conversation } = query;
    recorder.add({
      kind: 'open',
      client,
      chain,
      session: response.headers.get('x-session-id') ?? '',
      stream: streamId,
      isSessionWide: query['follow'] === 'session',
      ...(conversation === undefined ? {} : { conversation }),
      ...(lastId === undefined ? {} : { from: lastId }),
      ...(resumedFrom === null ? {} : { resumedFrom }),
    });
    for await (const { id, event, data } of readFrames(response.body, () => silence.refresh())) {
      recorder.add({ kind: 'frame', client, chain, event, data, ...(id === undefined ? {} : { id }) });
      onFrame(id, event);
    }
  } finally {
    clearTimeout(silence);
  }
};

/** What EventSource does: opens, reads, and when the stream breaks opens again from the last id, until it is stopped. */
export const followStream = (reader: Reader): FollowedStream => {
  const opened = Promise.withResolvers<void>();
  const over = new AbortController();
  let attempt = new AbortController();
  let lastId: string | undefined;
  const read = async (): Promise<void> => {
    while (!over.signal.aborted) {
      attempt = new AbortController();
      try {
        await readOnce(reader, lastId, attempt, (id, event) => {
          if (id !== undefined && id !== '') lastId = id;
          if (event === 'ready') opened.resolve();
        });
      } catch {
        reader.recorder.count('stream broke');
      }
      if (!over.signal.aborted) await pause(reader.random.between(SHORTEST_PAUSE_MS, LONGEST_PAUSE_MS));
    }
  };
  const reading = read();
  return {
    opened: opened.promise,
    cut: () => attempt.abort(),
    stop: async () => {
      over.abort();
      attempt.abort();
      await reading;
    },
  };
};
