import { z } from 'zod';
import { userTypeSchema } from './user-type.ts';

/** Names of the stream's events (03 §3). The semantic type is `data.type`. */
export const EVENT_NAMES = [
  'chat_start',
  'chat_step',
  'chat_delta',
  'chat_complete',
  'chat_error',
  'chat_service',
  'chat_compaction',
  'conv_status',
] as const;
export type EventName = (typeof EVENT_NAMES)[number];
/** Frames that belong to one stream and not to the log. */
export const STREAM_EVENT_NAMES = [
  'ready',
  'server_shutdown',
  'resync',
  'lagged',
  'session_info',
  'pong',
] as const;
export type StreamEventName = (typeof STREAM_EVENT_NAMES)[number];

export const TERMINAL_EVENTS: ReadonlySet<string> = new Set<EventName>(['chat_complete', 'chat_error']);

export const DELTA_MARKERS = ['answer', 'thinking', 'canvas', 'timeline_text', 'subsystem'] as const;
export type DeltaMarker = (typeof DELTA_MARKERS)[number];

export const CONVERSATION_STATES = ['created', 'in_progress', 'idle', 'error', 'deleted'] as const;
export type ConversationState = (typeof CONVERSATION_STATES)[number];
export const COMPLETIONS = ['success', 'error', 'interrupted', 'cancelled'] as const;
export type Completion = (typeof COMPLETIONS)[number];

export const serviceContextSchema = z.object({
  request_id: z.string(),
  tenant: z.string(),
  project: z.string(),
  user: z.string(),
  user_obj: z.looseObject({ user_type: userTypeSchema }).optional(),
});
export type ServiceContext = z.output<typeof serviceContextSchema>;

export const conversationContextSchema = z.object({
  session_id: z.string(),
  conversation_id: z.string(),
  turn_id: z.string(),
  bundle_id: z.string().optional(),
});
export type ConversationContext = z.output<typeof conversationContextSchema>;

export const EVENT_STATUSES = ['started', 'running', 'completed', 'error', 'skipped', 'cancelled'] as const;
export type EventStatus = (typeof EVENT_STATUSES)[number];

export const eventContextSchema = z.object({
  agent: z.string(),
  step: z.string(),
  status: z.enum(EVENT_STATUSES),
  title: z.string().optional(),
});

/** The body of every logged event (03 §3, the example). Loose: bundles may add fields, old clients ignore them. */
export const chatEnvelopeSchema = z.looseObject({
  type: z.string(),
  /** ISO 8601 with microseconds and Z. */
  timestamp: z.string(),
  /** Milliseconds since the epoch. */
  ts: z.number().int(),
  service: serviceContextSchema,
  conversation: conversationContextSchema,
  event: eventContextSchema,
  data: z.looseObject({}).optional(),
  delta: z
    .object({ text: z.string(), marker: z.string(), index: z.number().int(), completed: z.boolean() })
    .optional(),
  text: z.string().optional(),
  idx: z.number().int().optional(),
  extra: z.looseObject({}).optional(),
});
export type ChatEnvelope = z.output<typeof chatEnvelopeSchema>;

/** `2026-01-05T10:00:00.120000Z` for milliseconds since the epoch. */
export function formatTimestamp(epochMs: number): string {
  return new Date(epochMs).toISOString().replace('Z', '000Z');
}

/** Data of `conv_status`. */
export const convStatusSchema = z.object({
  state: z.enum(CONVERSATION_STATES),
  updated_at: z.string(),
  current_turn_id: z.string().nullable(),
  completion: z.enum(COMPLETIONS).optional(),
  origin_stream_id: z.string().nullable().optional(),
});
export type ConvStatus = z.output<typeof convStatusSchema>;

/** Data of `chat_error`. */
export const chatErrorSchema = z.looseObject({
  error: z.string(),
  error_type: z.string(),
  task_id: z.string(),
});

/** One entry of a session's event log, as relay hands it on. `data` is the JSON text that goes out untouched. */
export interface LogEntry {
  readonly logId: string;
  readonly prev: string;
  readonly event: EventName;
  /** Empty: all streams of the session. */
  readonly streamId: string;
  readonly conversationId: string;
  readonly turnId: string;
  readonly data: string;
}

/** What a stream writes. `id` absent: a frame that is no position in the log. `event` absent: a bare position move. */
export interface StreamFrame {
  readonly id?: string;
  readonly event?: EventName | StreamEventName;
  readonly data?: string;
}
