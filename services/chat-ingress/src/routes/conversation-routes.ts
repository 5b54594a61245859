import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { requireUser } from '@switchyard/identity';
import {
  conversationDetailsSchema,
  conversationFetchSchema,
  conversationItemSchema,
  conversationListQuerySchema,
  conversationListSchema,
  conversationPatchSchema,
  conversationStatusSchema,
  feedbackAnswerSchema,
  feedbackSchema,
  searchAnswerSchema,
  searchQuerySchema,
} from '@switchyard/protocol';
import type { TenantProject } from '@switchyard/protocol';
import { PlatformError } from '@switchyard/kernel';
import type { Conversations, FeedbackStore, TurnSearch } from '@switchyard/store';
import { z } from 'zod';
import type { DeleteConversation } from '../conversations/delete-conversation.ts';
import { exportFilename, renderMarkdown } from '../conversations/render-export.ts';
import type { ReadConversation } from '../conversations/read-conversation.ts';
import type { IdentifyRequest } from '../identify-request.ts';
import { checkScope, conversationParams, scopeParams, turnParams } from '../scope-guard.ts';
import type { AnswerConversationStatus } from '../answer-conversation-status.ts';

export interface ConversationRouteParts {
  identify: IdentifyRequest;
  scope: TenantProject;
  conversations: Pick<Conversations, 'list' | 'change'>;
  readConversation: ReadConversation;
  answerStatus: AnswerConversationStatus;
  deleteConversation: DeleteConversation;
  feedback: FeedbackStore;
  search: TurnSearch;
}

const BASE = '/api/cb/conversations/:tenant/:project';
const exportQuery = z.object({ format: z.enum(['md', 'json']).default('md') });
const tag = 'conversations';

/** Conversations of the caller: somebody else's and unknown ones are the same 404 (03 §1). */
export function createConversationRoutes(parts: ConversationRouteParts): Route[] {
  return [...listRoutes(parts), ...readRoutes(parts), ...changeRoutes(parts)];
}

function listRoutes({ identify, scope, conversations, search }: ConversationRouteParts): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: BASE,
      summary: 'Own conversations, pinned and newest first.',
      tag,
      guard: 'user',
      params: scopeParams,
      query: conversationListQuerySchema,
      answer: conversationListSchema,
      handle: async ({ params, query, req, res }) => {
        checkScope(scope, params);
        const { userId } = requireUser(await identify(req, res));
        return conversations.list(userId, query);
      },
    }),
    defineRoute({
      method: 'post',
      path: `${BASE}/search`,
      summary: 'Full text over own turns and titles.',
      tag,
      guard: 'user',
      params: scopeParams,
      body: searchQuerySchema,
      answer: searchAnswerSchema,
      handle: async ({ params, body, req, res }) => {
        checkScope(scope, params);
        const { userId } = requireUser(await identify(req, res));
        return search.search(userId, body.query, body.limit);
      },
    }),
  ];
}

function readRoutes({ identify, scope, readConversation, answerStatus }: ConversationRouteParts): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: `${BASE}/:cid/status`,
      summary: 'State of a conversation.',
      tag,
      guard: 'owner',
      params: conversationParams,
      answer: conversationStatusSchema,
      handle: async ({ params, req, res }) => {
        checkScope(scope, params);
        return answerStatus(await identify(req, res), params.cid);
      },
    }),
    defineRoute({
      method: 'get',
      path: `${BASE}/:cid/details`,
      summary: 'A conversation and which artifacts its turns have.',
      tag,
      guard: 'owner',
      params: conversationParams,
      answer: conversationDetailsSchema,
      handle: async ({ params, req, res }) => {
        checkScope(scope, params);
        return readConversation(await identify(req, res), params.cid, { materialize: false });
      },
    }),
    defineRoute({
      method: 'post',
      path: `${BASE}/:cid/fetch`,
      summary: 'A conversation with its turns and their artifacts.',
      tag,
      guard: 'owner',
      params: conversationParams,
      body: conversationFetchSchema,
      answer: conversationDetailsSchema,
      handle: async ({ params, body, req, res }) => {
        checkScope(scope, params);
        return readConversation(await identify(req, res), params.cid, {
          turnIds: body.turn_ids,
          materialize: body.materialize,
        });
      },
    }),
    defineRoute({
      method: 'get',
      path: `${BASE}/:cid/export`,
      summary: 'A conversation as a file, Markdown or JSON.',
      tag,
      guard: 'owner',
      params: conversationParams,
      query: exportQuery,
      produces: 'text/markdown',
      handle: async ({ params, query, req, res }) => {
        checkScope(scope, params);
        const conversation = await readConversation(await identify(req, res), params.cid, {
          materialize: true,
        });
        res.attachment(exportFilename(conversation, query.format));
        if (query.format === 'json') res.json(conversation);
        else res.type('text/markdown; charset=utf-8').send(renderMarkdown(conversation));
      },
    }),
  ];
}

function changeRoutes({
  identify,
  scope,
  conversations,
  deleteConversation,
  feedback,
}: ConversationRouteParts): Route[] {
  return [
    defineRoute({
      method: 'patch',
      path: `${BASE}/:cid`,
      summary: 'Changes title, pin or archive.',
      tag,
      guard: 'owner',
      params: conversationParams,
      body: conversationPatchSchema,
      answer: conversationItemSchema,
      handle: async ({ params, body, req, res }) => {
        checkScope(scope, params);
        const { userId } = await identify(req, res);
        const changed = await conversations.change(userId, params.cid, body);
        if (changed === undefined) throw PlatformError.of('NOT_FOUND');
        return changed;
      },
    }),
    defineRoute({
      method: 'delete',
      path: `${BASE}/:cid`,
      summary: 'Ends what runs and removes the conversation with all it holds.',
      tag,
      guard: 'owner',
      params: conversationParams,
      answer: z.object({ ok: z.boolean(), conversation_id: z.string() }),
      handle: async ({ params, req, res }) => {
        checkScope(scope, params);
        await deleteConversation(await identify(req, res), params.cid);
        return { ok: true, conversation_id: params.cid };
      },
    }),
    defineRoute({
      method: 'post',
      path: `${BASE}/:cid/turns/:turn/feedback`,
      summary: 'What the user thinks of an answer; null takes it back.',
      tag,
      guard: 'owner',
      params: turnParams,
      body: feedbackSchema,
      answer: feedbackAnswerSchema,
      handle: async ({ params, body, req, res }) => {
        checkScope(scope, params);
        const { userId } = await identify(req, res);
        if (!(await feedback.set(userId, params.cid, params.turn, body))) throw PlatformError.of('NOT_FOUND');
        return {
          success: true,
          turn_id: params.turn,
          reaction: body.reaction,
          cleared: body.reaction === null,
        };
      },
    }),
  ];
}
