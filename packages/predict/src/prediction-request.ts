import { z } from 'zod';
import { ApiError } from './api-error.ts';
import { requiredNames } from './input-schema.ts';
import { isPredictionId } from './prediction-id.ts';
import type { JsonObject } from './prediction-view.ts';

export const WEBHOOK_EVENTS = ['start', 'output', 'logs', 'completed'] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** Python's own bound is a thousand calls, and its readers take more than one for a level. */
const MAX_DEPTH = 300;

const httpUrl = z.url({ protocol: /^https?$/u, error: 'an http or https address is needed' });

/** `input` is looked at by itself: its refusal comes later in the order of the page. */
const requestSchema = z.looseObject({
  id: z.string().refine(isPredictionId, 'letters, digits and ._@-, up to 128 of them').nullish(),
  created_at: z.string().max(64).nullish(),
  webhook: httpUrl.nullish(),
  webhook_events_filter: z.array(z.enum(WEBHOOK_EVENTS)).nullish(),
  output_file_prefix: httpUrl.nullish(),
  context: z.record(z.string(), z.unknown()).nullish(),
  /** Ours: wait in line where every place is taken. */
  queue: z.boolean().nullish(),
});

export interface PredictionRequest {
  readonly id: string | undefined;
  /** Whatever was sent, also nothing. */
  readonly input: unknown;
  readonly createdAt: string | undefined;
  readonly webhook: string | undefined;
  readonly events: readonly WebhookEvent[];
  readonly outputFilePrefix: string | undefined;
  readonly context: Readonly<Record<string, unknown>>;
  readonly mayWait: boolean;
}

/** @param id of the path, where there is one. Throws ApiError 400. */
export function readPredictionRequest(body: unknown, id?: string): PredictionRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new ApiError(400, 'invalid request body', 'a JSON object is needed');
  const parsed = requestSchema.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new ApiError(
      400,
      'invalid request body',
      `${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`,
    );
  }
  if (isDeeper(body, MAX_DEPTH))
    throw new ApiError(400, 'invalid request body', `it is nested deeper than ${MAX_DEPTH} levels`);
  const { data } = parsed;
  if (id !== undefined && typeof data.id === 'string' && data.id !== id)
    throw new ApiError(400, 'prediction ID mismatch', `the path says ${id}, the body says ${data.id}`);
  const filter = data.webhook_events_filter ?? [];
  return {
    id: id ?? data.id ?? undefined,
    input: data['input'],
    createdAt: data.created_at ?? undefined,
    webhook: data.webhook ?? undefined,
    events: filter.length === 0 ? WEBHOOK_EVENTS : filter,
    outputFilePrefix: data.output_file_prefix ?? undefined,
    context: data.context ?? {},
    mayWait: data.queue === true,
  };
}

/** Level by level: what is asked is whether it is too deep for those who go down by calls. */
function isDeeper(value: unknown, levels: number): boolean {
  let level: object[] = typeof value === 'object' && value !== null ? [value] : [];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth >= levels) return true;
    level = level.flatMap((one) =>
      Object.values(one).filter((inner): inner is object => typeof inner === 'object' && inner !== null),
    );
  }
  return false;
}

/** The context as a predictor sees it. Throws ApiError 400 naming the key that is no text. */
export function readContext(context: Readonly<Record<string, unknown>>): Record<string, string> {
  for (const [key, value] of Object.entries(context)) {
    if (typeof value !== 'string')
      throw new ApiError(400, 'invalid request body', `context.${key}: a text is needed`);
  }
  return context as Record<string, string>;
}

/** Nothing as input is an empty one where nothing is needed. Throws ApiError 400. */
export function readInput(input: unknown, schemas: JsonObject | undefined): JsonObject {
  if (input === undefined || input === null) {
    if (schemas !== undefined && requiredNames(schemas).length > 0)
      throw new ApiError(400, 'input is not an object', `needed: ${requiredNames(schemas).join(', ')}`);
    return {};
  }
  if (typeof input !== 'object' || Array.isArray(input)) throw new ApiError(400, 'input is not an object');
  return input as JsonObject;
}
