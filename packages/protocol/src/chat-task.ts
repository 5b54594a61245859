import { z } from 'zod';
import { attachmentSchema, externalEventSchema } from './submission.ts';
import { userTypeSchema } from './user-type.ts';

/** How a message entered: a turn of its own, for the running turn only, or kept without an answer. */
export const TASK_KINDS = ['message', 'steer', 'recorded'] as const;
export type TaskKind = (typeof TASK_KINDS)[number];

/**
 * The whole request of one message: the row's `request` and the task's `payload` (02). `v` changes when the shape does.
 */
export const chatTaskPayloadSchema = z.object({
  v: z.literal(1),
  task_id: z.string(),
  turn_id: z.string(),
  message_id: z.string(),
  conversation_id: z.string(),
  session_id: z.string(),
  stream_id: z.string(),
  bundle_id: z.string(),
  kind: z.enum(TASK_KINDS),
  target_turn_id: z.string().nullable(),
  request_id: z.string(),
  tenant: z.string(),
  project: z.string(),
  user: z.object({
    user_id: z.string(),
    username: z.string().optional(),
    user_type: userTypeSchema,
    roles: z.array(z.string()),
    timezone: z.string().optional(),
  }),
  message: z.string(),
  events: z.array(externalEventSchema),
  attachments: z.array(attachmentSchema),
  /** Milliseconds since the epoch, ingress' clock. For showing, never for deciding. */
  accepted_at: z.number().int(),
  /** What ingress did before that, in milliseconds. */
  ingress_ms: z.number().min(0).optional(),
  /** The dead turn of which this is another try. */
  retry_of: z.string().optional(),
});
export type ChatTaskPayload = z.output<typeof chatTaskPayloadSchema>;

/** The end states of a turn row and those before them (02). */
export const TURN_STATUSES = [
  'queued',
  'running',
  'completed',
  'failed',
  'cancelled',
  'interrupted',
  'folded',
  'dead',
] as const;
export type TurnStatus = (typeof TURN_STATUSES)[number];
