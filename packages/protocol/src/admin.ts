import { z } from 'zod';
import { TASK_KINDS, TURN_STATUSES } from './chat-task.ts';
import { CONVERSATION_STATES } from './chat-envelope.ts';
import { turnTimingSchema } from './turn-timing.ts';
import { userTypeSchema } from './user-type.ts';

/** Answers and questions of `/admin/*` (03 §7). Ages are seconds; times are ISO 8601. */
const count = z.number().int().min(0);
const ageSeconds = z.number().min(0);
const pageLimit = (most: number, fallback: number) =>
  z.coerce.number().int().min(1).max(most).default(fallback);

export const adminLanesSchema = z.object({
  /** Ready, waiting and inflight together, and what may be accepted at most. */
  load: count,
  capacity: z.number().min(0),
  workers: count,
  lanes: z.array(
    z.object({
      lane: userTypeSchema,
      ready: count,
      inflight: count,
      next_task_id: z.string().nullable(),
      /** How long the next task has waited in its lane; null when the lane is empty. */
      oldest_wait_seconds: ageSeconds.nullable(),
      /** It waits longer than the limit: the alarm is on. */
      is_late: z.boolean(),
    }),
  ),
  /** 0: the alarm is off. */
  oldest_wait_limit_seconds: ageSeconds,
});
export type AdminLanes = z.output<typeof adminLanesSchema>;

export const adminWorkersSchema = z.object({
  items: z.array(
    z.object({
      worker_id: z.string(),
      version: z.string(),
      slots: count,
      busy: count,
      is_draining: z.boolean(),
      /** What an admin told it last. */
      ordered: z.enum(['drain', 'work']).nullable(),
      last_poll_age_seconds: ageSeconds,
      heartbeat_age_seconds: ageSeconds,
    }),
  ),
});
export type AdminWorkers = z.output<typeof adminWorkersSchema>;

export const adminOrderSchema = z.object({
  worker_id: z.string(),
  status: z.enum(['draining', 'working']),
  /** It had been told the same before. */
  is_repeat: z.boolean(),
});
export type AdminOrder = z.output<typeof adminOrderSchema>;

export const adminInflightQuerySchema = z.object({
  lane: userTypeSchema.optional(),
  limit: pageLimit(200, 50),
  cursor: z.string().max(64).optional(),
});
export const adminInflightSchema = z.object({
  items: z.array(
    z.object({
      task_id: z.string(),
      lane: userTypeSchema,
      /** Null: the message is over, only its id is still in the list. */
      turn_id: z.string().nullable(),
      conversation_id: z.string().nullable(),
      user_id: z.string().nullable(),
      /** Who holds the lease; null: nobody, the reaper will look at it. */
      worker_id: z.string().nullable(),
      attempts: count,
      is_started: z.boolean(),
      is_cancel_requested: z.boolean(),
      /** Since it was accepted, and since it was started. */
      age_seconds: ageSeconds.nullable(),
      running_seconds: ageSeconds.nullable(),
    }),
  ),
  next_cursor: z.string().nullable(),
});
export type AdminInflight = z.output<typeof adminInflightSchema>;

export const TASK_PLACES = ['lane', 'held', 'mailbox', 'lease', 'inflight', 'nowhere', 'over'] as const;
const turnErrorSchema = z.looseObject({ error: z.string(), error_type: z.string() });

/** Everything that is known of one message, without its words. */
export const adminTurnSchema = z.object({
  /** The row; null: there is none. */
  turn: z
    .object({
      turn_id: z.string(),
      task_id: z.string(),
      conversation_id: z.string(),
      user_id: z.string(),
      session_id: z.string(),
      user_type: userTypeSchema,
      bundle_id: z.string(),
      kind: z.enum(TASK_KINDS),
      status: z.enum(TURN_STATUSES),
      seq: count,
      attempt: count,
      fence: z.string().nullable(),
      folded_into: z.string().nullable(),
      retry_of: z.string().nullable(),
      retried_as: z.string().nullable(),
      /** What was decided about a dead one; null: nothing yet, or it is not dead. */
      dead_letter: z.enum(['retried', 'dropped']).nullable(),
      error: turnErrorSchema.nullable(),
      timing: turnTimingSchema.nullable(),
      created_at: z.string(),
      started_at: z.string().nullable(),
      ended_at: z.string().nullable(),
    })
    .nullable(),
  /** The task in Redis; null: the message is over, or Redis does not know it. */
  task: z
    .object({
      lane: userTypeSchema,
      kind: z.enum(TASK_KINDS),
      attempts: count,
      is_cancel_requested: z.boolean(),
      unleased_since: z.string().nullable(),
    })
    .nullable(),
  lease: z.object({ fence: z.string(), worker_id: z.string(), expires_in_seconds: ageSeconds }).nullable(),
  started: z.object({ fence: z.string(), at: z.string() }).nullable(),
  /** Name of the terminal event that was told. */
  told: z.string().nullable(),
  conversation: z.object({ state: z.enum(CONVERSATION_STATES), turn_id: z.string().nullable() }).nullable(),
  place: z.enum(TASK_PLACES),
  /** Tasks before it; null where it does not apply or is too far back to be counted. */
  position: count.nullable(),
  /** Its events that the session's log still has, newest first. */
  events: z.object({
    items: z.array(z.object({ log_id: z.string(), event: z.string() })),
    is_complete: z.boolean(),
  }),
});
export type AdminTurn = z.output<typeof adminTurnSchema>;

export const adminDeadLettersQuerySchema = z.object({
  limit: pageLimit(200, 50),
  /** `seq` of the last one of the page before. */
  before: z.coerce.number().int().min(1).optional(),
});
export const adminDeadLettersSchema = z.object({
  items: z.array(
    z.object({
      seq: count,
      turn_id: z.string(),
      task_id: z.string(),
      conversation_id: z.string(),
      user_id: z.string(),
      user_type: userTypeSchema,
      bundle_id: z.string(),
      error: turnErrorSchema.nullable(),
      retry_of: z.string().nullable(),
      created_at: z.string(),
      ended_at: z.string(),
    }),
  ),
  /** For `before`; null: that was the last page. */
  next_before: count.nullable(),
});
export type AdminDeadLetters = z.output<typeof adminDeadLettersSchema>;

export const adminRetrySchema = z.object({
  status: z.literal('retried'),
  turn_id: z.string(),
  /** The new turn, and its conversation. */
  retried_as: z.string(),
  conversation_id: z.string(),
  /** It had been retried before; this is that turn. */
  is_repeat: z.boolean(),
});
export type AdminRetry = z.output<typeof adminRetrySchema>;
export const adminDropSchema = z.object({ status: z.literal('dropped'), turn_id: z.string() });

export const adminSessionsQuerySchema = z.object({
  limit: pageLimit(500, 100),
  offset: z.coerce.number().int().min(0).max(1_000_000).default(0),
});
export const adminSessionsSchema = z.object({
  streams: count,
  sessions: count,
  items: z.array(z.object({ session_id: z.string(), streams: count })),
  next_offset: count.nullable(),
});

export const adminRatesQuerySchema = z.object({ user_type: userTypeSchema.default('registered') });
export const adminRatesSchema = z.object({
  user_id: z.string(),
  user_type: userTypeSchema,
  windows: z.array(z.object({ calls: count, window_seconds: count, used: count })),
});
export type AdminRates = z.output<typeof adminRatesSchema>;

const moment = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: 'expected a date or a time as 2026-01-31T10:00:00Z',
});
export const AUDIT_OUTCOMES = ['started', 'done', 'refused'] as const;
export const adminAuditQuerySchema = z.object({
  limit: pageLimit(200, 50),
  before: z.coerce.number().int().min(1).optional(),
  actor_id: z.string().min(1).max(256).optional(),
  target: z.string().min(1).max(400).optional(),
  /** The whole of it, or what it begins with: `secret.*`. */
  action: z
    .string()
    .regex(/^[a-z_.]{1,80}\*?$/, 'expected an action as worker.drain, or worker.*')
    .optional(),
  outcome: z.enum(AUDIT_OUTCOMES).optional(),
  /** From this moment on, and before that one: 2026-01-31 or 2026-01-31T10:00:00Z. */
  since: moment.optional(),
  until: moment.optional(),
});
export const adminAuditSchema = z.object({
  items: z.array(
    z.object({
      audit_id: count,
      at: z.string(),
      actor_id: z.string(),
      actor_name: z.string().nullable(),
      action: z.string(),
      target: z.string(),
      before: z.unknown(),
      after: z.unknown(),
      /** `started`: the process that did it did not come back to say how it ended. */
      outcome: z.enum(AUDIT_OUTCOMES),
      address: z.string().nullable(),
      user_agent: z.string().nullable(),
      request_id: z.string(),
    }),
  ),
  next_before: count.nullable(),
});
export type AdminAudit = z.output<typeof adminAuditSchema>;
