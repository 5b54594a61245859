import { EventSourceParserStream } from 'eventsource-parser/stream';
import { terminalOf } from './history-index.ts';
import type { Acked, Submit } from './records.ts';
import type { Recorder } from './recorder.ts';

export interface RecordingClientOptions {
  readonly name: string;
  readonly user: string;
  /** Like `canary-abc123`; put it into what this client's user says. */
  readonly canary: string;
  readonly token: string;
  /** Where the next request goes; asked for each, so that a client may be moved. */
  readonly address: () => string;
  readonly recorder: Recorder;
  readonly bundleId: string;
  /** `tenant/project`. */
  readonly scope: string;
}

export interface SendOptions {
  readonly conversation?: string;
  readonly key: string;
  readonly messageKind?: Submit['messageKind'];
  /** Stops sending again. */
  readonly signal?: AbortSignal;
}

export interface Reader {
  readonly chain: string;
  /** Breaks the connection, as a reload does; the reader comes back from its last id. */
  drop(): void;
  close(): Promise<void>;
}

/** A user's program that writes down everything it does and sees. Sends again under the same key until it is answered. */
export interface RecordingClient {
  readonly name: string;
  /** Undefined: refused for good, or stopped. */
  send(text: string, options: SendOptions): Promise<Acked | undefined>;
  cancel(conversation: string): Promise<void>;
  remove(conversation: string): Promise<void>;
  /** Reads the session's stream through breaks until closed. Resolves when the first connection stands. */
  follow(stream: string, options?: { isSessionWide?: boolean }): Promise<Reader>;
  /** Resolves when a reader of this client has seen the end of the turn, or the row says that it is over. Writes down the `final`. */
  heardEnd(ack: Acked, signal: AbortSignal): Promise<void>;
}

const REQUEST_LIMIT_MS = 15_000;
const PAUSE_MS = 60;
const LOOK_MS = 1000;
const EVENT_OF = {
  message: 'event.user.prompt',
  steer: 'event.user.steer',
  recorded: 'event.user.note',
} as const;

const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });

/** Says that nothing of a message is kept; everything else that is no ack leaves it open. */
const isRefusal = (status: number, errorType: string): boolean =>
  (status >= 400 && status < 500 && status !== 408) || errorType.startsWith('queue.');

const errorTypeOf = (body: string): string => {
  try {
    const { detail } = JSON.parse(body) as { detail?: { error_type?: string } };
    return detail?.error_type ?? '';
  } catch {
    return '';
  }
};

interface StoredTurn {
  turn_id: string;
  status: string;
  artifacts?: { type: string; text?: string | null }[];
}

export const createRecordingClient = (options: RecordingClientOptions): RecordingClient => {
  const { name, recorder, token, scope } = options;
  const ended = new Set<string>();
  const listeners = new Set<() => void>();
  let chains = 0;
  recorder.record({ kind: 'client', client: name, user: options.user, canary: options.canary });

  const ask = (path: string, init: RequestInit = {}, signal?: AbortSignal): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${token}`);
    if (typeof init.body === 'string') headers.set('content-type', 'application/json');
    return fetch(`${options.address()}${path}`, {
      ...init,
      headers,
      signal: signal ?? AbortSignal.timeout(REQUEST_LIMIT_MS),
    });
  };

  const post = (path: string, body: unknown): Promise<Response> =>
    ask(path, { method: 'POST', body: JSON.stringify(body) });

  /** `retry` where nothing is known, or where there is no room now. */
  const sendOnce = async (
    text: string,
    { conversation, key, messageKind = 'message' }: SendOptions,
  ): Promise<Acked | 'refused' | 'retry'> => {
    recorder.record({
      kind: 'submit',
      client: name,
      key,
      messageKind,
      text,
      ...(conversation === undefined ? {} : { conversation }),
    });
    try {
      const response = await post(`/sse/chat?stream_id=${name}`, {
        external_events: [
          {
            event_id: key,
            type: EVENT_OF[messageKind],
            event_source_id: 'chat.message',
            reactive: messageKind !== 'recorded',
            payload: { mime: 'text/plain', event: { text } },
          },
        ],
        conversation_id: conversation,
        bundle_id: options.bundleId,
      });
      const body = await response.text();
      if (response.status === 200) return readAck(key, body);
      const errorType = errorTypeOf(body);
      if (!isRefusal(response.status, errorType)) throw new Error(`${response.status} ${errorType}`);
      recorder.record({ kind: 'refused', client: name, key, status: response.status, errorType });
      return response.status === 503 || response.status === 429 ? 'retry' : 'refused';
    } catch (error) {
      recorder.record({
        kind: 'unknown',
        client: name,
        key,
        reason: error instanceof Error ? error.message : String(error),
      });
      return 'retry';
    }
  };

  const readAck = (key: string, body: string): Acked => {
    const ack = JSON.parse(body) as Record<string, string>;
    const record = {
      kind: 'ack',
      client: name,
      key,
      status: ack['status'] ?? '',
      turn: ack['turn_id'] ?? '',
      task: ack['task_id'] ?? '',
      conversation: ack['conversation_id'] ?? '',
      session: ack['session_id'] ?? '',
    } as const;
    recorder.record(record);
    return { ...record, at: 0 };
  };

  const openOnce = async (
    chain: string,
    stream: string,
    isSessionWide: boolean,
    from: string | undefined,
    { signal, onFrame }: { signal: AbortSignal; onFrame: (id: string | undefined) => void },
  ): Promise<void> => {
    const query = `stream_id=${stream}${isSessionWide ? '&follow=session' : ''}`;
    const headers = from === undefined ? {} : { 'last-event-id': from };
    const response = await ask(`/sse/stream?${query}`, { headers }, signal);
    if (response.status !== 200 || response.body === null) throw new Error(`answered ${response.status}`);
    const resumedFrom = response.headers.get('x-resumed-from') ?? undefined;
    const session = { value: '' };
    const frames = response.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream());
    for await (const { id, event = '', data } of frames) {
      if (event === 'ready') {
        session.value = (JSON.parse(data) as { session_id: string }).session_id;
        recorder.record({
          kind: 'open',
          client: name,
          chain,
          session: session.value,
          stream,
          isSessionWide,
          ...(from === undefined ? {} : { from }),
          ...(resumedFrom === undefined ? {} : { resumedFrom }),
        });
      }
      const own = id === undefined || id === '' ? {} : { id };
      recorder.record({ kind: 'frame', client: name, chain, event, data, ...own });
      onFrame(own.id);
      noteEnd(event, data);
    }
  };

  const noteEnd = (event: string, data: string): void => {
    if (data === '' || terminalOf({ event, data }) === undefined) return;
    ended.add((JSON.parse(data) as { conversation: { turn_id: string } }).conversation.turn_id);
    for (const listener of listeners) listener();
  };

  const lookUp = async (ack: Acked): Promise<boolean> => {
    try {
      const path = `/api/cb/conversations/${scope}/${ack.conversation}/fetch`;
      const response = await post(path, { materialize: true, turn_ids: [ack.turn] });
      const data = await response.text();
      if (response.status !== 200) return false;
      recorder.record({ kind: 'fetched', client: name, what: path, data });
      const { turns } = JSON.parse(data) as { turns: StoredTurn[] };
      const found = turns.find(({ turn_id }) => turn_id === ack.turn);
      if (found === undefined || found.status === 'queued' || found.status === 'running') return false;
      const text = found.artifacts?.find(({ type }) => type === 'chat:assistant')?.text ?? '';
      recorder.record({
        kind: 'final',
        client: name,
        key: ack.key,
        turn: ack.turn,
        status: found.status,
        text,
      });
      return true;
    } catch {
      return false;
    }
  };

  return {
    name,
    send: async (text, sending) => {
      while (sending.signal?.aborted !== true) {
        const result = await sendOnce(text, sending);
        if (result === 'refused') return undefined;
        if (result !== 'retry') return result;
        await pause(PAUSE_MS, sending.signal);
      }
      return undefined;
    },
    cancel: async (conversation) => {
      const status = await post(`/api/chat/conversations/${conversation}/cancel`, {}).then(
        async (response) =>
          ((await response.json()) as { status?: 'cancelled' | 'idle' }).status ?? 'unknown',
        () => 'unknown' as const,
      );
      recorder.record({ kind: 'cancel', client: name, conversation, status });
    },
    remove: async (conversation) => {
      recorder.record({ kind: 'deleted', client: name, conversation });
      await ask(`/api/cb/conversations/${scope}/${conversation}`, { method: 'DELETE' }).catch(
        () => undefined,
      );
    },
    follow: async (stream, { isSessionWide = false } = {}) => {
      const chain = `${name}/${(chains += 1)}`;
      const stopped = new AbortController();
      const opened = Promise.withResolvers<void>();
      let connection = new AbortController();
      let from: string | undefined;
      const run = async (): Promise<void> => {
        while (!stopped.signal.aborted) {
          connection = new AbortController();
          const signal = AbortSignal.any([stopped.signal, connection.signal]);
          const onFrame = (id: string | undefined): void => {
            from = id ?? from;
            opened.resolve();
          };
          await openOnce(chain, stream, isSessionWide, from, { signal, onFrame }).catch(() => undefined);
          await pause(PAUSE_MS, stopped.signal);
        }
      };
      const running = run();
      await opened.promise;
      return {
        chain,
        drop: () => connection.abort(),
        close: async () => {
          stopped.abort();
          await running;
        },
      };
    },
    heardEnd: async (ack, signal) => {
      while (!signal.aborted) {
        if (!ended.has(ack.turn)) {
          const heard = Promise.withResolvers<void>();
          const listener = (): void => void (ended.has(ack.turn) && heard.resolve());
          listeners.add(listener);
          await Promise.race([heard.promise, pause(LOOK_MS, signal)]);
          listeners.delete(listener);
        }
        if (await lookUp(ack)) return;
        await pause(PAUSE_MS, signal);
      }
    },
  };
};
