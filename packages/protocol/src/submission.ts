import { z } from 'zod';
import { idSchema } from './id.ts';
import { DEFAULT_LIMITS } from './limits.ts';

/** Event types that a client submits (03 §4). Anything else is a domain event, handed over as it is. */
export const USER_EVENT = {
  prompt: 'event.user.prompt',
  followup: 'event.user.followup',
  steer: 'event.user.steer',
  attachmentPrefix: 'event.user.attachment',
} as const;

export const externalEventSchema = z.object({
  event_id: idSchema.optional(),
  type: z.string().min(1).max(128),
  event_source_id: z.string().max(256).optional(),
  reactive: z.boolean().default(true),
  payload: z.looseObject({ mime: z.string().max(256).optional(), event: z.unknown().optional() }).default({}),
});
export type ExternalEvent = z.output<typeof externalEventSchema>;

/**
 * `POST /sse/chat` and Socket.IO `chat_message`. Unknown keys are dropped: `tenant`, `project`, `turn_id`, `operation` and
 * `command` in a body mean nothing, scope comes from the session and ids from the server.
 */
export const submissionSchema = z.object({
  external_events: z.array(externalEventSchema).min(1).max(DEFAULT_LIMITS.maxEvents),
  conversation_id: idSchema.nullish(),
  bundle_id: idSchema.nullish(),
  target_turn_id: idSchema.nullish(),
});
export type Submission = z.output<typeof submissionSchema>;

/** The plain form, `POST /api/chat/messages`. */
export const plainMessageSchema = z.object({
  message: z.string().min(1),
  conversation_id: idSchema.nullish(),
  bundle_id: idSchema.nullish(),
  event_id: idSchema.nullish(),
});
export type PlainMessage = z.output<typeof plainMessageSchema>;

/** A stored file of a message, before and after the lane. `sha256` names the blob. */
export const attachmentSchema = z.object({
  filename: z.string().min(1).max(255),
  mime: z.string().max(256),
  size: z.number().int().nonnegative(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  event_id: z.string().optional(),
});
export type Attachment = z.output<typeof attachmentSchema>;

export const ACK_STATUSES = [
  'processing_started',
  'external_event_accepted',
  'external_event_recorded',
  'active_turn_control_no_active_turn',
  'active_turn_control_target_mismatch',
] as const;
export type AckStatus = (typeof ACK_STATUSES)[number];

export const ackSchema = z.object({
  status: z.enum(ACK_STATUSES),
  task_id: z.string(),
  session_id: z.string(),
  conversation_id: z.string(),
  turn_id: z.string(),
  active_turn_id: z.string().nullable(),
  target_turn_id: z.string().nullable(),
  queued_turn_id: z.string().nullable(),
  event_id: z.string(),
  external_event_sequence: z.number().int(),
  conversation_created: z.boolean(),
  user_type: z.string(),
  is_continuation: z.boolean(),
  message: z.string(),
  /** Ours: the position from which a stream misses nothing of this turn. */
  last_log_id: z.string(),
});
export type Ack = z.output<typeof ackSchema>;
