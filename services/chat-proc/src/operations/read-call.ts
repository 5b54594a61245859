import { checkInput } from '@switchyard/http';
import { idSchema } from '@switchyard/protocol';
import { z } from 'zod';

/** What a caller sent: the operation's input, and the conversation that it belongs to. */
export interface OperationCall {
  readonly input: unknown;
  readonly conversationId: string | undefined;
}

const bodySchema = z.looseObject({ data: z.unknown().optional(), conversation_id: idSchema.optional() });

/**
 * The input of a POST: `data`, and every key beside it that is not the platform's folded into it (03 §6); where both name one, `data`
 * wins. Throws INVALID_REQUEST when the body is no object.
 */
export function readPosted(body: unknown): OperationCall {
  const { data, conversation_id: conversationId, ...rest } = checkInput(bodySchema, body, 'body');
  const isFolded = data === undefined || isObject(data);
  return { input: isFolded ? { ...rest, ...data } : data, conversationId };
}

const querySchema = z.looseObject({ conversation_id: idSchema.optional() });

/** The input of a GET is its query: every value a text, a repeated one a list. */
export function readQueried(query: unknown): OperationCall {
  const { conversation_id: conversationId, ...input } = checkInput(querySchema, query, 'query');
  return { input, conversationId };
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
