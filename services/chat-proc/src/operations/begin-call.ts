import { PlatformError, hashHex } from '@switchyard/kernel';
import type { Ids } from '@switchyard/kernel';
import type { CallClaim, CallName, OperationCalls } from '@switchyard/store';
import type { OperationCall } from './read-call.ts';

export interface BeginCallParts {
  readonly calls: Pick<OperationCalls, 'claim' | 'answer' | 'end' | 'forget'>;
  readonly ids: Pick<Ids, 'token'>;
  /** How long an `Idempotency-Key` means its call, in milliseconds. */
  readonly keepCallsMs: number;
  /** Bytes of an answer that is kept to be given again. */
  readonly maxKeptBytes: number;
}

/** A call that is this request's to make. */
export interface KeptCall {
  /** From now on this is what the key gets; of an answer over the bound only that there was one. */
  answer(body: unknown): Promise<void>;
  /** It was made, and what it answered cannot be given again. */
  done(reason: string): Promise<void>;
  /** It was begun and failed. Never rejects: a call whose end nobody wrote down is unknown by itself. */
  unknown(reason: string): Promise<void>;
  /** Nothing of it was begun: the key is free. Never rejects; then the call counts as unknown, which is safe. */
  forget(): Promise<void>;
}

export type BegunCall = { readonly kept: KeptCall } | { readonly answer: unknown };

const MAX_KEY_CHARACTERS = 256;
/** After its own time limit a call without an end is lost: its worker is gone. */
const HOLD_MARGIN_MS = 30_000;

/**
 * Takes a call that has an `Idempotency-Key`, or gives the answer of the first one. Throws CALL_IN_PROGRESS while another request makes
 * it, CALL_UNKNOWN when it failed half way, CALL_DONE when its answer was not kept, UNPROCESSABLE when the key was used for something else.
 */
export async function beginCall(
  { calls, ids, keepCallsMs: keepMs, maxKeptBytes }: BeginCallParts,
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
  if (claimed.kind !== 'claimed') return toAnswer(claimed);
  const { token } = claimed;
  const end = (outcome: 'done' | 'unknown', reason: string) => calls.end(name, token, outcome, reason);
  return {
    kept: {
      answer: (body) =>
        Buffer.byteLength(JSON.stringify(body)) > maxKeptBytes
          ? end('done', 'answer_too_large')
          : calls.answer(name, token, body),
      done: (reason) => end('done', reason),
      unknown: (reason) => end('unknown', reason).catch(() => undefined),
      forget: () => calls.forget(name, token).catch(() => undefined),
    },
  };
}

function toAnswer(claimed: Exclude<CallClaim, { kind: 'claimed' }>): { readonly answer: unknown } {
  if (claimed.kind === 'answered') return { answer: claimed.answer };
  if (claimed.kind === 'running') throw PlatformError.of('CALL_IN_PROGRESS', undefined, { retryAfterSec: 1 });
  if (claimed.kind === 'differs')
    throw PlatformError.of('UNPROCESSABLE', 'This Idempotency-Key was used for another request.', {
      details: { field: 'Idempotency-Key' },
    });
  const { kind, reason, startedAt } = claimed;
  throw PlatformError.of(kind === 'done' ? 'CALL_DONE' : 'CALL_UNKNOWN', undefined, {
    details: { state: kind, call_reason: reason, started_at: startedAt.toISOString() },
  });
}
