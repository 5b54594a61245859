import type { Response } from 'express';
import { PlatformError, hashHex } from '@switchyard/kernel';
import type { Ids } from '@switchyard/kernel';
import type { CallName, OperationCalls } from '@switchyard/store';
import type { OperationCall } from './read-call.ts';

/** A call with an `Idempotency-Key` while it is made. */
export interface KeptCall {
  /** The answer for whoever asks again. */
  answer(body: object): Promise<void>;
  /** It came to nothing that could be given again: the key is free. */
  forget(): Promise<void>;
}

export interface KeptCallsParts {
  readonly calls: Pick<OperationCalls, 'claim' | 'answer' | 'forget'>;
  readonly ids: Pick<Ids, 'token'>;
  /** How long a key means its call, in milliseconds. */
  readonly keepMs: number;
}

const MAX_KEY_CHARACTERS = 256;
/** After its own time limit a call is nobody's: its worker is gone. */
const HOLD_MARGIN_MS = 30_000;

/**
 * Makes the call this request's own. Undefined: it was made before, and its answer went out. Rejects CALL_IN_PROGRESS while another
 * request makes it, UNPROCESSABLE when the key stood for something else.
 *
 * @param timeoutMs the operation's time limit
 */
export async function claimCall(
  { calls, ids, keepMs }: KeptCallsParts,
  res: Response,
  name: CallName,
  { input, conversationId }: OperationCall,
  timeoutMs: number,
): Promise<KeptCall | undefined> {
  if (name.key.length > MAX_KEY_CHARACTERS)
    throw PlatformError.of('INVALID_REQUEST', `Idempotency-Key: at most ${MAX_KEY_CHARACTERS} characters`);
  const claimed = await calls.claim(name, {
    sha256: hashHex(JSON.stringify([input, conversationId ?? null])),
    token: ids.token(12),
    holdMs: timeoutMs + HOLD_MARGIN_MS,
    keepMs,
  });
  switch (claimed.kind) {
    case 'claimed': {
      const { token } = claimed;
      return { answer: (body) => calls.answer(name, token, body), forget: () => calls.forget(name, token) };
    }
    case 'running':
      throw PlatformError.of('CALL_IN_PROGRESS', undefined, { retryAfterSec: 1 });
    case 'differs':
      throw PlatformError.of('UNPROCESSABLE', 'This Idempotency-Key was used for another request.', {
        details: { field: 'Idempotency-Key' },
      });
    case 'answered':
      res.setHeader('Idempotent-Replayed', 'true');
      res.json(claimed.answer);
      return undefined;
  }
}
