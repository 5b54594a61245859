import { PlatformError, hashHex } from '@switchyard/kernel';
import type { Ids } from '@switchyard/kernel';
import type { CallName, OperationCalls } from '@switchyard/store';
import type { OperationCall } from './read-call.ts';

export interface BeginCallParts {
  readonly calls: Pick<OperationCalls, 'claim' | 'answer' | 'forget'>;
  readonly ids: Pick<Ids, 'token'>;
  /** How long an `Idempotency-Key` means its call, in milliseconds. */
  readonly keepCallsMs: number;
}

/** A call that is this request's to make. */
export interface KeptCall {
  /** From now on this is what the key gets. */
  answer(body: unknown): Promise<void>;
  /** Nothing came of it that could be given again: the key is free. */
  forget(): Promise<void>;
}

export type BegunCall = { readonly kept: KeptCall } | { readonly answer: unknown };

const MAX_KEY_CHARACTERS = 256;
/** After its own time limit a call is nobody's: its worker is gone. */
const HOLD_MARGIN_MS = 30_000;

/**
 * Takes a call that has an `Idempotency-Key`, or gives the answer of the first one. Throws CALL_IN_PROGRESS while another request makes
 * it, UNPROCESSABLE when the key was used for something else.
 */
export async function beginCall(
  { calls, ids, keepCallsMs: keepMs }: BeginCallParts,
  name: CallName,
  { input, conversationId }: OperationCall,
  timeoutMs: number,
): Promise<BegunCall> {
  if (name.key.length > MAX_KEY_CHARACTERS)
    throw PlatformError.of('INVALID_REQUEST', `Idempotency-Key: at most ${MAX_KEY_CHARACTERS} characters`);
  const claimed = await calls.claim(name, {
    sha256: hashHex(JSON.stringify([input, conversationId ?? null])),
    token: ids.token(12),
    holdMs: timeoutMs + HOLD_MARGIN_MS,
    keepMs,
  });
  if (claimed.kind === 'answered') return { answer: claimed.answer };
  if (claimed.kind === 'running') throw PlatformError.of('CALL_IN_PROGRESS', undefined, { retryAfterSec: 1 });
  if (claimed.kind === 'differs')
    throw PlatformError.of('UNPROCESSABLE', 'This Idempotency-Key was used for another request.', {
      details: { field: 'Idempotency-Key' },
    });
  const { token } = claimed;
  return {
    kept: {
      answer: (body) => calls.answer(name, token, body),
      forget: () => calls.forget(name, token),
    },
  };
}
