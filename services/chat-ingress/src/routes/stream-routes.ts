import type { Ids } from '@switchyard/kernel';
import { PlatformError } from '@switchyard/kernel';
import { defineRoute, lastEventIdOf } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { conversationStatusSchema, idSchema, streamIdSchema } from '@switchyard/protocol';
import type { Relay } from '@switchyard/relay';
import { z } from 'zod';
import type { IdentifyRequest } from '../identify-request.ts';
import { serveStream } from '../streams/serve-stream.ts';
import type { StreamParts } from '../streams/serve-stream.ts';
import type { AnswerConversationStatus } from '../answer-conversation-status.ts';
import { streamIdOf } from './stream-id.ts';

export interface StreamRouteParts extends StreamParts {
  identify: IdentifyRequest;
  relay: Pick<Relay, 'follow'>;
  answerStatus: AnswerConversationStatus;
  ids: Pick<Ids, 'stream'>;
  streamBuffer: number;
}

const streamQuery = z.object({
  stream_id: streamIdSchema.optional(),
  user_session_id: z.string().max(256).optional(),
  last_event_id: z.string().max(64).optional(),
  follow: z.enum(['session']).optional(),
  replay: z.enum(['turn']).optional(),
  conversation_id: idSchema.optional(),
  bearer_token: z.string().optional(),
  id_token: z.string().optional(),
  stream_ticket: z.string().optional(),
});

/** The session's events as a stream, and a conversation's state on request (03 §2, §3). */
export function createStreamRoutes(parts: StreamRouteParts): Route[] {
  const { identify, relay, streams } = parts;
  return [
    defineRoute({
      method: 'get',
      path: '/sse/stream',
      summary: 'The event stream of the session.',
      tag: 'chat',
      guard: 'session',
      query: streamQuery,
      produces: 'text/event-stream',
      handle: async ({ query, req, res }) => {
        // A stream has no length and no end: there is nothing to say about it without opening it.
        if (req.method === 'HEAD') throw PlatformError.of('METHOD_NOT_ALLOWED');
        if (streams.isDraining) throw PlatformError.of('DRAINING');
        const caller = await identify(req, res, { allowQueryToken: true });
        streams.checkRoom(caller.sessionId);
        const streamId = streamIdOf(req) ?? parts.ids.stream();
        const lastEventId = lastEventIdOf(req, query);
        const follower = await relay.follow({
          sessionId: caller.sessionId,
          streamId,
          mode: query.follow === 'session' ? 'session' : 'stream',
          maxBufferBytes: parts.streamBuffer,
          replayTurn: query.replay === 'turn',
          ...(query.conversation_id === undefined ? {} : { conversationId: query.conversation_id }),
          ...(lastEventId === undefined ? {} : { lastEventId }),
        });
        serveStream(parts, res, { caller, follower, streamId });
      },
    }),
    defineRoute({
      method: 'post',
      path: '/sse/conv_status.get',
      summary: 'The state of a conversation, as answer and as an event of the stream that asks.',
      tag: 'chat',
      guard: 'session',
      body: z.object({ conversation_id: idSchema }),
      answer: conversationStatusSchema,
      handle: async ({ body, req, res }) => {
        const caller = await identify(req, res, { allowQueryToken: true });
        return parts.answerStatus(caller, body.conversation_id, streamIdOf(req));
      },
    }),
  ];
}
