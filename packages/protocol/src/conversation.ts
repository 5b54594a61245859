import { z } from 'zod';
import { CONVERSATION_STATES } from './chat-envelope.ts';
import { TURN_STATUSES } from './chat-task.ts';

const state = z.enum(CONVERSATION_STATES);

export const conversationItemSchema = z.object({
  conversation_id: z.string(),
  title: z.string().nullable(),
  started_at: z.string(),
  last_activity_at: z.string(),
  state,
  bundle_id: z.string(),
  pinned: z.boolean(),
  archived: z.boolean(),
});
export type ConversationItem = z.output<typeof conversationItemSchema>;

/** `GET /api/cb/conversations/{t}/{p}`. */
export const conversationListSchema = z.object({
  user_id: z.string(),
  items: z.array(conversationItemSchema),
  next_cursor: z.string().nullable(),
});
export type ConversationList = z.output<typeof conversationListSchema>;

export const conversationListQuerySchema = z.object({
  last_n: z.coerce.number().int().min(1).max(200).default(50),
  days: z.coerce.number().int().min(1).max(3650).optional(),
  started_after: z.iso.datetime({ offset: true }).optional(),
  include_titles: z
    .enum(['true', 'false', '1', '0'])
    .default('true')
    .transform((value) => value === 'true' || value === '1'),
  cursor: z.string().max(512).optional(),
  archived: z
    .enum(['true', 'false', '1', '0'])
    .default('false')
    .transform((value) => value === 'true' || value === '1'),
});
export type ConversationListQuery = z.output<typeof conversationListQuerySchema>;

/** `GET .../{cid}/status` and `POST /sse/conv_status.get`. */
export const conversationStatusSchema = z.object({
  conversation_id: z.string(),
  state,
  updated_at: z.string(),
  current_turn_id: z.string().nullable(),
});
export type ConversationStatus = z.output<typeof conversationStatusSchema>;

/** Artifact types of a turn as KDCube's clients know them (03 §2). */
export const ARTIFACT_TYPES = {
  user: 'chat:user',
  assistant: 'chat:assistant',
  thinking: 'chat:thinking',
  userAttachment: 'artifact:user.attachment',
  assistantFile: 'artifact:assistant.file',
  citations: 'artifact:solver.program.citables',
  timelineText: 'artifact:conv.timeline_text.stream',
  steps: 'artifact:conv.steps',
  followups: 'artifact:conv.user_shortcuts',
  error: 'artifact:conv.error',
} as const;

export const artifactSchema = z.object({
  type: z.string(),
  ts: z.string(),
  /** Present when `materialize` was asked for. */
  data: z.looseObject({}).optional(),
});
export type Artifact = z.output<typeof artifactSchema>;

export const conversationTurnSchema = z.object({
  turn_id: z.string(),
  status: z.enum(TURN_STATUSES),
  created_at: z.string(),
  started_at: z.string().nullable(),
  ended_at: z.string().nullable(),
  folded_into: z.string().nullable(),
  feedback: z.object({ reaction: z.string().nullable(), text: z.string().nullable() }).nullable(),
  artifacts: z.array(artifactSchema),
});
export type ConversationTurn = z.output<typeof conversationTurnSchema>;

/** `POST .../{cid}/fetch` and `GET .../{cid}/details`. `last_log_id`: open the stream from here and nothing is missed. */
export const conversationDetailsSchema = z.object({
  user_id: z.string(),
  conversation_id: z.string(),
  title: z.string().nullable(),
  bundle_id: z.string(),
  state,
  started_at: z.string(),
  last_activity_at: z.string(),
  current_turn_id: z.string().nullable(),
  last_log_id: z.string(),
  turns: z.array(conversationTurnSchema),
});
export type ConversationDetails = z.output<typeof conversationDetailsSchema>;

export const conversationFetchSchema = z.object({
  turn_ids: z.array(z.string()).max(500).optional(),
  materialize: z.boolean().default(true),
});
export const conversationPatchSchema = z
  .object({
    title: z.string().trim().min(1).max(200).optional(),
    pinned: z.boolean().optional(),
    archived: z.boolean().optional(),
  })
  .refine((patch) => Object.keys(patch).length > 0, 'at least one of title, pinned, archived');
export type ConversationPatch = z.output<typeof conversationPatchSchema>;

export const feedbackSchema = z.object({
  reaction: z.enum(['ok', 'not_ok', 'neutral']).nullable(),
  text: z.string().max(4000).nullish(),
});
export const feedbackAnswerSchema = z.object({
  success: z.boolean(),
  turn_id: z.string(),
  reaction: z.string().nullable(),
  cleared: z.boolean(),
});

export const searchQuerySchema = z.object({
  query: z.string().trim().min(1).max(500),
  limit: z.number().int().min(1).max(100).default(20),
});
export const searchAnswerSchema = z.object({
  hits: z.array(
    z.object({
      conversation_id: z.string(),
      turn_id: z.string(),
      title: z.string().nullable(),
      snippet: z.string(),
      score: z.number(),
      created_at: z.string(),
    }),
  ),
  conversations: z.array(conversationItemSchema),
});
export type SearchAnswer = z.output<typeof searchAnswerSchema>;

export const cancelAnswerSchema = z.object({ status: z.enum(['cancelled', 'idle']) });
export type CancelAnswer = z.output<typeof cancelAnswerSchema>;
