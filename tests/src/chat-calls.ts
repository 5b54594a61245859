import type { Ack, ConversationTurn } from '@switchyard/protocol';
import type { StackFixture } from '@switchyard/testkit';

export interface ChatCalls {
  /** Any request with this user's token. */
  ask(path: string, init?: RequestInit & { json?: unknown }): Promise<Response>;
  /** The plain form; the response is the event stream. */
  say(message: string, options?: { conversationId?: string; bundleId?: string }): Promise<Response>;
  /** The form with events; answers the ack. */
  submit(text: string, options: SubmitOptions): Promise<Ack>;
  openStream(streamId: string, lastEventId?: string): Promise<Response>;
  turns(conversationId: string): Promise<ConversationTurn[]>;
}

export interface SubmitOptions {
  readonly streamId: string;
  readonly conversationId?: string;
  readonly bundleId?: string;
  readonly eventId?: string;
}

export const SCOPE = 'demo/main';

export const promptEvents = (text: string, eventId?: string) => [
  {
    ...(eventId === undefined ? {} : { event_id: eventId }),
    type: 'event.user.prompt',
    event_source_id: 'chat.message',
    reactive: true,
    payload: { mime: 'text/plain', event: { text } },
  },
];

const readAck = async (response: Response): Promise<Ack> => {
  if (response.status !== 200)
    throw new Error(`submit was answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Ack;
};

/** A user of a running stack, as a script would be one: over the proxy, with a bearer token. */
export const createChatCalls = async (
  stack: Pick<StackFixture, 'url' | 'token'>,
  user: string,
): Promise<ChatCalls> => {
  const token = await stack.token({ user });
  const ask: ChatCalls['ask'] = (path, { json, ...init } = {}) => {
    const headers = new Headers(init.headers);
    headers.set('authorization', `Bearer ${token}`);
    if (json !== undefined) headers.set('content-type', 'application/json');
    return fetch(`${stack.url}${path}`, {
      ...init,
      headers,
      ...(json === undefined ? {} : { method: init.method ?? 'POST', body: JSON.stringify(json) }),
    });
  };
  return {
    ask,
    say: (message, { conversationId, bundleId = 'hello' } = {}) =>
      ask('/api/chat/messages', {
        json: { message, bundle_id: bundleId, conversation_id: conversationId },
        headers: { accept: 'text/event-stream' },
      }),
    submit: async (text, { streamId, conversationId, bundleId = 'hello', eventId }) =>
      readAck(
        await ask(`/sse/chat?stream_id=${streamId}`, {
          json: {
            external_events: promptEvents(text, eventId),
            conversation_id: conversationId,
            bundle_id: bundleId,
          },
        }),
      ),
    openStream: (streamId, lastEventId) =>
      ask(`/sse/stream?stream_id=${streamId}`, {
        headers: {
          accept: 'text/event-stream',
          ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
        },
      }),
    turns: async (conversationId) => {
      const response = await ask(`/api/cb/conversations/${SCOPE}/${conversationId}/fetch`, {
        json: { materialize: true },
      });
      return ((await response.json()) as { turns: ConversationTurn[] }).turns;
    },
  };
};
