import type { Ack, BundleList, FrontendConfig, Profile } from '@switchyard/protocol';
import { ask } from './ask.ts';
import { systemClientClock } from './client-clock.ts';
import type { ClientClock } from './client-clock.ts';
import { createBundleCalls } from './bundles.ts';
import type { BundleCalls } from './bundles.ts';
import { createConversations } from './conversations.ts';
import type { Conversations, Scope } from './conversations.ts';
import { EventFollower } from './follow-events.ts';
import type { StreamState } from './follow-events.ts';
import { replayTurns } from './replay-turns.ts';
import type { Replay, ReplayOptions } from './replay-turns.ts';
import { Outbox } from './outbox.ts';
import type { OutboxOptions } from './outbox.ts';
import { createMemoryOutboxStorage } from './outbox-storage.ts';
import { addressOf, createRequester } from './request.ts';
import type { Requester, TokenSource } from './request.ts';
import { sendMessage } from './send-message.ts';
import type { SendOptions } from './send-message.ts';
import { parseFrame } from './stream-event.ts';
import type { StreamEvent } from './stream-event.ts';

export interface ClientOptions {
  /** Origin of the web-proxy, or '' in its own page. */
  baseUrl: string;
  token?: TokenSource;
  /** Asked of the server when not given. */
  scope?: Scope;
  fetch?: typeof fetch;
  clock?: ClientClock;
  random?: () => number;
}

export type ClientOutboxOptions = Partial<Omit<OutboxOptions, 'send' | 'clock' | 'random'>>;

export interface StreamOptions extends StreamTarget {
  onEvent(event: StreamEvent): void;
  onState?: (state: StreamState) => void;
  silenceLimitMs?: number;
}

export interface StreamTarget {
  /** `session` (the default): every event of the session; `stream`: what was posted under this stream's id. */
  follow?: 'session' | 'stream';
  streamId?: string;
  /** Only this conversation's events. */
  conversationId?: string | undefined;
  /** Everything after this position; without it, what happens from now on. */
  lastEventId?: string | undefined;
}

export interface Client {
  profile(signal?: AbortSignal): Promise<Profile>;
  config(): Promise<FrontendConfig>;
  bundles(): Promise<BundleList>;
  logout(): Promise<void>;
  /** For a page in a browser: signs it out, and says where it should go then; that may be the page of an issuer. */
  signOut(): Promise<string>;
  send(options: SendOptions): Promise<Ack>;
  ask(options: SendOptions): AsyncGenerator<StreamEvent, void, void>;
  stream(options: StreamOptions): EventFollower;
  /** Messages that are kept until they are sent, through any loss of connection. Call `open` once to take up what was kept. */
  outbox(options?: ClientOutboxOptions): Outbox;
  /** The address of a stream for an EventSource, which can send no headers: with a ticket for one use within 30 s. */
  streamAddress(options?: StreamTarget): Promise<string>;
  /** The events of a conversation's running turns from their start, up to a position that was read elsewhere. */
  replay(options: ReplayOptions): Promise<Replay>;
  conversations: Conversations;
  /** Widgets and operations. */
  bundleCalls: BundleCalls;
}

function streamQuery({ follow = 'session', streamId = crypto.randomUUID(), conversationId }: StreamTarget) {
  return {
    stream_id: streamId,
    follow: follow === 'session' ? 'session' : undefined,
    conversation_id: conversationId,
  };
}

/** The typed client of one stack, the same in browsers and Node. Nothing is requested before the first call. */
export function createClient(options: ClientOptions): Client {
  const { baseUrl, token, clock = systemClientClock, random = Math.random } = options;
  // A browser's fetch must be called as a function of the window, not of our options object.
  const call: typeof fetch = options.fetch ?? ((input, init) => globalThis.fetch(input, init));
  const requester = createRequester({ baseUrl, token, fetch: call, clock, random });
  let known: Promise<FrontendConfig> | undefined;

  function config(): Promise<FrontendConfig> {
    known ??= requester.json<FrontendConfig>('/api/cp-frontend-config').catch((error: unknown) => {
      known = undefined;
      throw error;
    });
    return known;
  }

  async function connect(stream: StreamTarget, lastEventId: string | undefined, signal: AbortSignal) {
    const headers: Record<string, string> = { accept: 'text/event-stream' };
    if (lastEventId !== undefined) headers['last-event-id'] = lastEventId;
    return requester.open('/sse/stream', { headers, query: streamQuery(stream), signal, retries: 0 });
  }

  const scopeOf = async (): Promise<Scope> => options.scope ?? (await config());
  const conversations = createConversations(requester, scopeOf);
  return {
    config,
    profile: (signal) => requester.json('/profile', { signal }),
    bundles: () => requester.json('/api/integrations/bundles'),
    logout: () => logOut(requester),
    signOut: async () => signOut(requester, (await config()).auth.sign_in_path ?? undefined),
    send: (message) => sendMessage(requester, message),
    ask: (message) =>
      ask(requester, {
        ...message,
        clock,
        random,
        lookUp: async (conversationId, turnId) => {
          const { turns } = await conversations.fetch(conversationId);
          const find = (id: string) => turns.find((turn) => turn.turn_id === id);
          const own = find(turnId);
          const answering = own?.status === 'folded' ? find(own.folded_into ?? '') : own;
          const isOver = answering?.status !== 'queued' && answering?.status !== 'running';
          return { turnId: answering?.turn_id ?? turnId, isOver };
        },
        connect: (lastEventId, signal, conversationId) => connect({ conversationId }, lastEventId, signal),
      }),
    stream(stream) {
      const streamId = stream.streamId ?? crypto.randomUUID();
      return new EventFollower({
        clock,
        random,
        lastEventId: stream.lastEventId,
        silenceLimitMs: stream.silenceLimitMs,
        onState: stream.onState,
        onFrame: (raw) => {
          const event = parseFrame(raw);
          if (event !== undefined) stream.onEvent(event);
        },
        connect: (lastEventId, signal) => connect({ ...stream, streamId }, lastEventId, signal),
      });
    },
    outbox: (outbox = {}) =>
      new Outbox({
        storage: createMemoryOutboxStorage(),
        newKey: () => crypto.randomUUID(),
        ...outbox,
        clock,
        random,
        send: (message) => sendMessage(requester, { ...message, retries: 0 }),
      }),
    async streamAddress(target = {}) {
      const { ticket } = await requester.json<{ ticket: string }>('/api/auth/stream-ticket', {
        method: 'POST',
        body: {},
      });
      const query = { ...streamQuery(target), last_event_id: target.lastEventId, stream_ticket: ticket };
      return addressOf(baseUrl, '/sse/stream', query);
    },
    replay: (replay) => replayTurns(requester, clock, replay),
    conversations,
    bundleCalls: createBundleCalls(requester, scopeOf),
  };
}

async function logOut(requester: Requester): Promise<void> {
  await requester.open('/api/platform/logout', { method: 'POST', body: {} });
}

/** The sign-in service ends the sign-in at the issuer too, and so knows where to go then. */
async function signOut(requester: Requester, signInPath: string | undefined): Promise<string> {
  if (signInPath !== undefined)
    return (await requester.json<{ to: string }>('/auth/session/end', { method: 'POST', body: {} })).to;
  await logOut(requester);
  return '/';
}
