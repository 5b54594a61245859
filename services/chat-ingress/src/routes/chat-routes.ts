import type { Request, Response } from 'express';
import { PlatformError } from '@switchyard/kernel';
import type { Ids } from '@switchyard/kernel';
import { defineRoute, elapsedMs, requestIdOf, timePart } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import type { Caller } from '@switchyard/identity';
import {
  HEADER,
  ackSchema,
  cancelAnswerSchema,
  idSchema,
  plainMessageSchema,
  submissionSchema,
} from '@switchyard/protocol';
import type { Ack } from '@switchyard/protocol';
import type { Turns } from '@switchyard/turns';
import { z } from 'zod';
import type { IdentifyRequest } from '../identify-request.ts';
import type { OpenStreams } from '../streams/open-streams.ts';
import type { StreamOneMessage } from '../streams/stream-one-message.ts';
import type { ReadMessage } from '../submit/read-message.ts';
import type { SubmitContext, SubmitMessage } from '../submit/submit-message.ts';
import { streamIdOf } from './stream-id.ts';

export interface ChatRouteParts {
  identify: IdentifyRequest;
  admitted: <T>(caller: Caller, address: string | undefined, run: () => Promise<T>) => Promise<T>;
  readMessage: (
    req: Request,
    res: Response,
    form: 'submission' | 'plain',
  ) => Promise<ReadMessage & { release: () => void }>;
  submit: SubmitMessage;
  streamOneMessage: StreamOneMessage;
  announceRefusal: (caller: Caller, context: SubmitContext, error: unknown) => Promise<void>;
  conversations: { own(userId: string, conversationId: string): Promise<unknown> };
  turns: Pick<Turns, 'cancel'>;
  streams: Pick<OpenStreams, 'isDraining'>;
  ids: Pick<Ids, 'stream'>;
}

/** Submitting and stopping (03 §4). The walk of a message: identify -> admit -> accept -> record -> enqueue -> ack. */
export function createChatRoutes(parts: ChatRouteParts): Route[] {
  async function walk(
    req: Request,
    res: Response,
    form: 'submission' | 'plain',
    allowQueryToken: boolean,
  ): Promise<Ack | undefined> {
    if (parts.streams.isDraining) throw PlatformError.of('DRAINING');
    const caller = await parts.identify(req, res, { allowQueryToken });
    const context = contextOf(req, res);
    try {
      return await parts.admitted(caller, req.ip, () =>
        readAndSubmit(parts, req, res, form, caller, context),
      );
    } catch (error) {
      await parts.announceRefusal(caller, context, error);
      throw error;
    }
  }

  return [
    defineRoute({
      method: 'post',
      path: '/sse/chat',
      summary: 'Submits events as one message; its answer arrives on the stream.',
      tag: 'chat',
      guard: 'session',
      body: submissionSchema,
      readsBody: true,
      answer: ackSchema,
      handle: ({ req, res }) => walk(req, res, 'submission', true),
    }),
    defineRoute({
      method: 'post',
      path: '/api/chat/messages',
      summary:
        'Submits a message in the plain form; with `Accept: text/event-stream` its answer streams back on the same request.',
      tag: 'chat',
      guard: 'session',
      body: plainMessageSchema,
      readsBody: true,
      answer: ackSchema,
      handle: ({ req, res }) => walk(req, res, 'plain', false),
    }),
    defineRoute({
      method: 'post',
      path: '/api/chat/conversations/:cid/cancel',
      summary: 'Stops the running turn; with `queued=1` what waits behind it as well.',
      tag: 'chat',
      guard: 'owner',
      params: z.object({ cid: idSchema }),
      query: z.object({
        queued: z.enum(['0', '1', 'true', 'false']).optional(),
        turn_id: idSchema.optional(),
      }),
      answer: cancelAnswerSchema,
      handle: async ({ params, query, req, res }) => {
        const { userId } = await parts.identify(req, res);
        await parts.conversations.own(userId, params.cid);
        const queued = query.queued === '1' || query.queued === 'true';
        return parts.turns.cancel({ conversationId: params.cid, userId, turnId: query.turn_id, queued });
      },
    }),
  ];
}

/** The walk after admission: the body is read only now, and the message becomes a row and a place in the queue. */
async function readAndSubmit(
  parts: ChatRouteParts,
  req: Request,
  res: Response,
  form: 'submission' | 'plain',
  caller: Caller,
  context: SubmitContext,
): Promise<Ack | undefined> {
  const { message, files, release } = await parts.readMessage(req, res, form);
  try {
    const wantsStream =
      form === 'plain' && req.accepts(['application/json', 'text/event-stream']) === 'text/event-stream';
    const submit = async (own: SubmitContext) => {
      const startedMs = elapsedMs(res);
      const result = await parts.submit(caller, message, files, own);
      timePart(res, 'accept', elapsedMs(res) - startedMs);
      return result;
    };
    if (!wantsStream) return (await submit(context)).ack;
    const streamId = context.streamId ?? parts.ids.stream();
    await parts.streamOneMessage(res, caller, streamId, async () => {
      const result = await submit({ ...context, streamId });
      release();
      return result;
    });
    return undefined;
  } finally {
    release();
  }
}

function contextOf(req: Request, res: Response): SubmitContext {
  const streamId = streamIdOf(req);
  const idempotencyKey = req.get(HEADER.idempotencyKey);
  const timezone = req.get(HEADER.timezone)?.slice(0, 64);
  if (idempotencyKey !== undefined && !/^[\x21-\x7e]{1,200}$/.test(idempotencyKey)) {
    throw PlatformError.of('INVALID_REQUEST', 'Idempotency-Key: 1 to 200 printable characters', {
      details: { field: 'Idempotency-Key' },
    });
  }
  return {
    requestId: requestIdOf(res),
    elapsedMs: () => elapsedMs(res),
    ...(streamId === undefined ? {} : { streamId }),
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(timezone === undefined ? {} : { timezone }),
  };
}
