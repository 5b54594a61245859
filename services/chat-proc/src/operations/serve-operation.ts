import type { Request, Response } from 'express';
import type { Admission } from '@switchyard/admission';
import { PlatformError, hashHex } from '@switchyard/kernel';
import type { Ids } from '@switchyard/kernel';
import type { Caller } from '@switchyard/identity';
import { operationResultSchema } from '@switchyard/protocol';
import type { BundleManifest, InvocationUser, TenantProject } from '@switchyard/protocol';
import type { BundleHold } from '@switchyard/registry';
import type { Bundles, CallName, Conversations, OperationCalls } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import { PUBLIC_USER } from '../caller-of.ts';
import type { BundleInvoker } from '../invocations/invoke-bundle.ts';
import { mayUse } from './may-use.ts';
import { readPosted, readQueried } from './read-call.ts';
import type { OperationCall } from './read-call.ts';
import { sendWireResponse } from './send-wire-response.ts';

export type OperationManifest = BundleManifest['operations'][string];

export interface OperationParts {
  readonly invoker: BundleInvoker;
  readonly bundles: Pick<Bundles, 'find'>;
  readonly conversations: Pick<Conversations, 'own'>;
  readonly calls: Pick<OperationCalls, 'claim' | 'answer' | 'forget'>;
  readonly admission: Pick<Admission, 'admitted'>;
  readonly ids: Pick<Ids, 'token'>;
  readonly scope: TenantProject;
  readonly log: Log;
  /** Milliseconds of an operation that names no limit of its own. */
  readonly timeoutMs: number;
  /** How long an `Idempotency-Key` means its call, in milliseconds. */
  readonly keepCallsMs: number;
}

/** A request for an operation, its caller known. */
export interface OperationRequest {
  readonly req: Request;
  readonly res: Response;
  readonly caller: Caller;
  /** Without it, the default bundle. */
  readonly bundleId: string | undefined;
  readonly operation: string;
  /** The family of addresses by which it was asked for. */
  readonly route: OperationManifest['route'];
  /** What followed the operation's name in a public address. */
  readonly tail?: string;
}

/** What is worked with once it is clear which operation of which version answers. */
interface Chosen {
  readonly hold: BundleHold;
  readonly manifest: OperationManifest;
  readonly call: OperationCall;
}

const MAX_KEY_CHARACTERS = 256;
/** After its own time limit a call is nobody's: its worker is gone. */
const HOLD_MARGIN_MS = 30_000;

/** Answers requests for operations of bundles (03 §6). */
export function createServeOperation(parts: OperationParts): (request: OperationRequest) => Promise<void> {
  const { invoker, conversations, admission, calls, scope } = parts;

  return async (request) => {
    const { req, caller } = request;
    // Strangers share a name; what they may call is counted by address.
    const { userType, userId } = caller;
    const counted =
      caller === PUBLIC_USER ? { userType, userId: `public:${req.ip ?? ''}` } : { userType, userId };
    await admission.admitted(counted, req.ip, async () => {
      const hold = await holdOf(request);
      let chosen: Chosen;
      try {
        chosen = await choose(request, hold);
      } catch (error) {
        hold.release();
        throw error;
      }
      await serve(request, chosen);
    });
  };

  async function holdOf({ bundleId }: OperationRequest): Promise<BundleHold> {
    try {
      return await invoker.hold(bundleId);
    } catch (error) {
      // "There is none" and "it cannot serve now" are told apart by the rows.
      if (bundleId !== undefined && (await parts.bundles.find(bundleId)) === undefined)
        throw PlatformError.of('NOT_FOUND');
      throw error;
    }
  }

  async function choose(request: OperationRequest, hold: BundleHold): Promise<Chosen> {
    const { req, res, caller, operation, route } = request;
    const { operations } = hold.manifest;
    const manifest = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
    // An operation for users is not there for who comes by the public door.
    if (manifest === undefined || (route === 'public' && manifest.route !== 'public'))
      throw PlatformError.of('NOT_FOUND');
    if (!mayUse(manifest, caller)) throw PlatformError.of('FORBIDDEN');
    requireMethod(req, res, manifest);
    const call = manifest.method === 'GET' ? readQueried(req.query) : readPosted(req.body);
    // Somebody else's is as not there.
    if (call.conversationId !== undefined) await conversations.own(caller.userId, call.conversationId);
    return { hold, manifest, call: withTail(call, request.tail) };
  }

  async function serve(request: OperationRequest, chosen: Chosen): Promise<void> {
    const { req, caller, operation } = request;
    const { hold, manifest, call } = chosen;
    const key = req.get('idempotency-key');
    // Strangers share a name, so a key of one would name the call of another.
    const isKept = key !== undefined && manifest.method === 'POST' && caller !== PUBLIC_USER;
    if (!isKept) return answer(request, chosen, undefined);
    const name: CallName = { userId: caller.userId, bundleId: hold.version.bundleId, operation, key };
    let token: string | undefined;
    try {
      token = await claim(request, name, call, manifest.timeoutMs ?? parts.timeoutMs);
    } catch (error) {
      hold.release();
      throw error;
    }
    if (token === undefined) return hold.release();
    try {
      await answer(request, chosen, { name, token });
    } catch (error) {
      await calls.forget(name, token);
      throw error;
    }
  }

  /** Undefined: the answer of the first call went out. */
  async function claim(
    { res }: OperationRequest,
    name: CallName,
    { input, conversationId }: OperationCall,
    timeoutMs: number,
  ): Promise<string | undefined> {
    if (name.key.length > MAX_KEY_CHARACTERS)
      throw PlatformError.of('INVALID_REQUEST', `Idempotency-Key: at most ${MAX_KEY_CHARACTERS} characters`);
    const claimed = await calls.claim(name, {
      sha256: hashHex(JSON.stringify([input, conversationId ?? null])),
      token: parts.ids.token(12),
      holdMs: timeoutMs + HOLD_MARGIN_MS,
      keepMs: parts.keepCallsMs,
    });
    if (claimed.kind === 'claimed') return claimed.token;
    if (claimed.kind === 'running')
      throw PlatformError.of('CALL_IN_PROGRESS', undefined, { retryAfterSec: 1 });
    if (claimed.kind === 'differs')
      throw PlatformError.of('UNPROCESSABLE', 'This Idempotency-Key was used for another request.', {
        details: { field: 'Idempotency-Key' },
      });
    res.setHeader('Idempotent-Replayed', 'true');
    res.json(claimed.answer);
    return undefined;
  }

  async function answer(
    { res, caller, operation }: OperationRequest,
    { hold, manifest, call }: Chosen,
    kept: { name: CallName; token: string } | undefined,
  ): Promise<void> {
    const gone = new AbortController();
    const onClose = (): void => gone.abort();
    res.once('close', onClose);
    try {
      const value = await invoker.run(hold, {
        kind: 'operation',
        name: operation,
        payload: {
          input: call.input,
          user: userOf(caller),
          ...(call.conversationId === undefined ? {} : { conversation_id: call.conversationId }),
        },
        user: userOf(caller),
        ...(caller === PUBLIC_USER ? {} : { sessionId: caller.sessionId }),
        timeoutMs: manifest.timeoutMs ?? parts.timeoutMs,
        signal: gone.signal,
      });
      const result = operationResultSchema.parse(value);
      if ('response' in result) {
        // What streams cannot be given a second time.
        if (kept !== undefined) await calls.forget(kept.name, kept.token);
        return await sendWireResponse(res, result.response);
      }
      const body = {
        status: 'ok',
        ...scope,
        bundle_id: hold.version.bundleId,
        conversation_id: call.conversationId ?? null,
        [operation]: result.output ?? null,
      };
      if (kept !== undefined) await calls.answer(kept.name, kept.token, body);
      res.json(body);
    } finally {
      res.off('close', onClose);
    }
  }
}

function requireMethod(req: Request, res: Response, { method }: OperationManifest): void {
  const isRight = req.method === method || (req.method === 'HEAD' && method === 'GET');
  if (isRight) return;
  res.setHeader('Allow', method === 'GET' ? 'GET, HEAD' : method);
  throw PlatformError.of('METHOD_NOT_ALLOWED');
}

function withTail(call: OperationCall, tail: string | undefined): OperationCall {
  if (tail === undefined || typeof call.input !== 'object' || call.input === null) return call;
  return { ...call, input: { ...call.input, tail } };
}

function userOf({ userId, username, userType, roles }: Caller): InvocationUser {
  return {
    user_id: userId,
    ...(username === undefined ? {} : { username }),
    user_type: userType,
    roles: [...roles],
  };
}
