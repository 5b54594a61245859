import { postJson } from '../src/post-json.ts';
import { openSse } from '../src/sse-reader.ts';
import type { SseFrame } from '../src/sse-reader.ts';

/** A client that keeps one stream open and comes back with its last id, to the next of its addresses, at once. */
export interface WatchedTurn {
  /** The answer so far. */
  text(): string;
  /** Resolves with the time of the next piece of the answer, or of its end, on `performance.now()`. */
  nextNews(): Promise<number>;
  /** Resolves with the end's time; NaN when none came in time. */
  end(): Promise<number>;
  /** Ends that were told, by event name. */
  readonly ends: string[];
  /** The server said that it could not prove what was missed. */
  readonly resyncs: number;
  close(): void;
}

interface Body {
  readonly delta?: { readonly text?: string; readonly marker?: string };
  readonly conversation?: { readonly conversation_id?: string };
}

interface Conversation {
  readonly turns: readonly { readonly turn_id: string; readonly status: string }[];
}

const LIMIT_MS = 90_000;
const RETRY_MS = 25;
const TICKING = 'ticking';

export async function watchTurn(options: {
  /** chat-ingress; the first gets the message and has the stream. */
  urls: readonly string[];
  token: string;
  /** `<tenant>/<project>` */
  scope: string;
  streamId: string;
  message: string;
}): Promise<WatchedTurn> {
  const { urls, streamId } = options;
  const headers = { authorization: `Bearer ${options.token}` };
  const ends: string[] = [];
  const ended = Promise.withResolvers<number>();
  let news = Promise.withResolvers<number>();
  let [text, lastId, conversationId, turnId, resyncs, at] = ['', '', '', '', 0, 0];
  const closed = new AbortController();
  /** The end is known from the conversation alone. */
  let isReadOnly = false;
  let endStream: () => void = () => undefined;
  const early: SseFrame[] = [];

  const tell = () => {
    const told = news;
    news = Promise.withResolvers<number>();
    told.resolve(performance.now());
  };
  const onFrame = (frame: SseFrame) => {
    if (frame.id !== undefined) lastId = frame.id;
    if (conversationId === '') return void early.push(frame);
    const { event, data } = frame;
    if (event === 'resync') {
      resyncs += 1;
      if (!data.includes(turnId)) void readEnd();
      return tell();
    }
    const body = JSON.parse(data) as Body;
    if (body.conversation?.conversation_id !== conversationId) return;
    if (event === 'chat_delta') text += body.delta?.text ?? '';
    else if (event === 'chat_complete' || event === 'chat_error') {
      // The row says it before it is told: what was read already is heard now, once.
      if (!isReadOnly) ends.push(event);
      isReadOnly = false;
      ended.resolve(performance.now());
    } else return;
    tell();
  };
  /** A resync without our turn stands for its end too: the conversation says how it ended. */
  const readEnd = async (): Promise<void> => {
    while (!closed.signal.aborted && ends.length === 0) {
      const url = `${urls[0] ?? ''}/api/cb/conversations/${options.scope}/${conversationId}/fetch`;
      const read = await postJson(url, headers, { materialize: true }).catch(() => undefined);
      const turns = read?.status === 200 ? (JSON.parse(read.body) as Conversation).turns : [];
      // Two resyncs read beside each other; and what was read late may have been heard.
      if (ends.length > 0) return;
      const status = turns.find((turn) => turn.turn_id === turnId)?.status ?? 'running';
      if (status !== 'running' && status !== 'queued') {
        isReadOnly = true;
        ends.push(status === 'completed' ? 'chat_complete' : 'chat_error');
        return ended.resolve(performance.now());
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  };
  const connect = async (): Promise<void> => {
    while (!closed.signal.aborted) {
      const url = `${urls[at++ % urls.length] ?? ''}/sse/stream?stream_id=${streamId}`;
      const known = lastId === '' ? {} : { 'last-event-id': lastId };
      const gone = () => void connect();
      const opened = await openSse(url, { ...headers, ...known }, onFrame, gone).catch(() => undefined);
      if (opened !== undefined) return void (endStream = opened);
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  };
  await connect();
  const posted = await postJson(`${urls[0] ?? ''}/sse/chat?stream_id=${streamId}`, headers, {
    bundle_id: TICKING,
    external_events: [
      {
        type: 'event.user.prompt',
        payload: { mime: 'text/plain', event: { text: options.message } },
      },
    ],
  });
  if (posted.status !== 200) throw new Error(`refused with ${posted.status}: ${posted.body}`);
  const ack = JSON.parse(posted.body) as { conversation_id: string; turn_id: string };
  [conversationId, turnId] = [ack.conversation_id, ack.turn_id];
  for (const frame of early) onFrame(frame);
  const timeLimit = setTimeout(() => {
    ended.resolve(Number.NaN);
    news.resolve(Number.NaN);
  }, LIMIT_MS);
  return {
    text: () => text,
    nextNews: () => news.promise,
    end: () => ended.promise,
    ends,
    get resyncs() {
      return resyncs;
    },
    close() {
      clearTimeout(timeLimit);
      closed.abort();
      endStream();
    },
  };
}
