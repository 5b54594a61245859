import { z } from 'zod';
import type { WebPlanMessage } from './site-plan.ts';
import type { UserType } from './user-type.ts';
import { byteStreamSchema, bytesSchema, headerListSchema, wireResponseSchema } from './wire-http.ts';
import type { WireRequest } from './wire-http.ts';

/** For whom an invocation runs. Given by the platform; no input can change it. */
export interface InvocationUser {
  user_id: string;
  username?: string;
  user_type: UserType;
  roles: string[];
  timezone?: string;
}

/** `operation`, and `tool` of an MCP endpoint: what the caller sent, before the bundle's schema. */
export interface OperationInvocation {
  input?: unknown;
  user: InvocationUser;
  conversation_id?: string;
}

/** `schedule`: the tick that it runs for, ISO 8601. */
export interface ScheduleInvocation {
  tick: string;
}

/** `job`: `attempt` counts from 1. */
export interface JobInvocation {
  job_id: string;
  data: unknown;
  attempt: number;
  max_attempts: number;
}

/** `web`: a request of a site, its body streamed. */
export interface WebInvocation {
  request: WireRequest;
  /** For an answer that comes later (`web.respond`). */
  request_id?: string;
  site?: string;
  user?: InvocationUser;
}

/** `predict`: one call of a predictor. Names `setup` and `check` take no input. */
export interface PredictInvocation {
  id: string;
  input: Record<string, unknown>;
  context: Record<string, string>;
  /** Files of the input, by JSON pointer into it; their bytes go over the byte pipe. */
  files: { pointer: string; name: string; content: Uint8Array }[];
}

/** What a `predict` invocation answers. Outputs of an iterator went before it, as events `predict.output`. */
export interface PredictOutcome {
  status: 'succeeded' | 'failed' | 'canceled';
  output?: unknown;
  /** JSON pointers into `output`, in the order in which their files were emitted. */
  files?: string[];
  iterates?: boolean;
  error?: string;
}

/** Message on the event channel `io:web:request` (05). */
export const webRequestMessageSchema = z.object({
  /** 128 random bits: who knows it may ask for its late answer. */
  request_id: z.string().min(1).max(128),
  site: z.string().min(1).max(128),
  method: z.string().min(1).max(32),
  /** Of the site, without query, as it was sent. */
  path: z.string().max(16 * 1024),
  /** In order, repeats kept. */
  query: z.array(z.tuple([z.string(), z.string()])).max(1000),
  headers: headerListSchema,
  cookies: z.record(z.string(), z.string()),
  body: bytesSchema.nullable(),
  /** In place of `body` where that is too large to be handed over whole: read once, while it comes. */
  body_stream: byteStreamSchema.optional(),
  /** Who is signed in, where the site asks for that. */
  user: z.custom<InvocationUser>().optional(),
  client: z.object({ ip: z.string().optional() }).optional(),
});
export type WebRequestMessage = z.output<typeof webRequestMessageSchema>;

/** Event channels that a bundle can subscribe to, and what comes on them. */
export interface ChannelMessages {
  'io:web:request': WebRequestMessage;
  'io:web:plan': WebPlanMessage;
}
export type ChannelName = keyof ChannelMessages;
export const CHANNEL_NAMES = ['io:web:request', 'io:web:plan'] as const satisfies readonly ChannelName[];

/** `channel`: its name is the invocation's name. */
export interface ChannelInvocation {
  message: unknown;
}

/** What an operation returned: JSON that fits its schema, or a `Response` to be passed on as it is. */
export const operationResultSchema = z.union([
  z.strictObject({ output: z.unknown() }),
  z.strictObject({ response: wireResponseSchema }),
]);
export type OperationResult = z.output<typeof operationResultSchema>;
