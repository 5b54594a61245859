import type { Admission, AdmissionCaller } from '@switchyard/admission';
import { PlatformError } from '@switchyard/kernel';
import type { Caller } from '@switchyard/identity';
import { operationResultSchema } from '@switchyard/protocol';
import type { InvocationUser, TenantProject } from '@switchyard/protocol';
import type { BundleHold } from '@switchyard/registry';
import type { Bundles, Conversations } from '@switchyard/store';
import { PUBLIC_USER } from '../caller-of.ts';
import type { BundleInvoker } from '../invocations/invoke-bundle.ts';
import { chooseOperation } from './choose-operation.ts';
import type { Chosen } from './choose-operation.ts';
import { claimCall } from './kept-calls.ts';
import type { KeptCall, KeptCallsParts } from './kept-calls.ts';
import type { OperationRequest } from './operation-request.ts';
import { sendWireResponse } from './send-wire-response.ts';

export interface OperationParts extends KeptCallsParts {
  readonly invoker: BundleInvoker;
  readonly bundles: Pick<Bundles, 'find'>;
  readonly conversations: Pick<Conversations, 'own'>;
  readonly admission: Pick<Admission, 'admitted'>;
  readonly scope: TenantProject;
  /** Milliseconds of an operation that names no limit of its own. */
  readonly timeoutMs: number;
}

/** Answers requests for operations of bundles (03 §6): who may, which one, with what, once; then the bundle's answer as it is. */
export function createServeOperation(parts: OperationParts): (request: OperationRequest) => Promise<void> {
  return async (request) => {
    const { req, caller } = request;
    await parts.admission.admitted(countedAs(caller, req.ip), req.ip, async () => {
      const hold = await holdOf(parts, request.bundleId);
      try {
        const chosen = await chooseOperation(parts.conversations, request, hold);
        await serve(parts, request, chosen);
      } catch (error) {
        hold.release();
        throw error;
      }
    });
  };
}

/** Strangers share a name; what they may call is counted by address. */
function countedAs(caller: Caller, address: string | undefined): AdmissionCaller {
  const { userType, userId } = caller;
  return { userType, userId: caller === PUBLIC_USER ? `public:${address ?? ''}` : userId };
}

async function holdOf(
  { invoker, bundles }: OperationParts,
  bundleId: string | undefined,
): Promise<BundleHold> {
  try {
    return await invoker.hold(bundleId);
  } catch (error) {
    // "There is none" and "it cannot serve now" are told apart by the rows.
    if (bundleId !== undefined && (await bundles.find(bundleId)) === undefined)
      throw PlatformError.of('NOT_FOUND');
    throw error;
  }
}

async function serve(parts: OperationParts, request: OperationRequest, chosen: Chosen): Promise<void> {
  const { req, res, caller, operation } = request;
  const { hold, manifest, call } = chosen;
  const key = req.get('idempotency-key');
  // Strangers share a name, so a key of one would name the call of another.
  if (key === undefined || manifest.method === 'GET' || caller === PUBLIC_USER)
    return answer(parts, request, chosen, undefined);
  const name = { userId: caller.userId, bundleId: hold.version.bundleId, operation, key };
  const kept = await claimCall(parts, res, name, call, manifest.timeoutMs ?? parts.timeoutMs);
  if (kept === undefined) return hold.release();
  try {
    await answer(parts, request, chosen, kept);
  } catch (error) {
    await kept.forget();
    throw error;
  }
}

async function answer(
  { invoker, scope, timeoutMs }: OperationParts,
  { res, caller, operation }: OperationRequest,
  { hold, manifest, call }: Chosen,
  kept: KeptCall | undefined,
): Promise<void> {
  const gone = new AbortController();
  const onClose = (): void => gone.abort();
  res.once('close', onClose);
  const { input, conversationId } = call;
  const user = userOf(caller);
  try {
    const value = await invoker.run(hold, {
      kind: 'operation',
      name: operation,
      payload: { input, user, ...(conversationId === undefined ? {} : { conversation_id: conversationId }) },
      user,
      ...(caller === PUBLIC_USER ? {} : { sessionId: caller.sessionId }),
      timeoutMs: manifest.timeoutMs ?? timeoutMs,
      signal: gone.signal,
    });
    const result = operationResultSchema.parse(value);
    if ('response' in result) {
      // What streams cannot be given a second time.
      await kept?.forget();
      return await sendWireResponse(res, result.response);
    }
    const body = {
      status: 'ok',
      ...scope,
      bundle_id: hold.version.bundleId,
      conversation_id: conversationId ?? null,
      [operation]: result.output ?? null,
    };
    await kept?.answer(body);
    res.json(body);
  } finally {
    res.off('close', onClose);
  }
}

function userOf({ userId, username, userType, roles }: Caller): InvocationUser {
  return {
    user_id: userId,
    ...(username === undefined ? {} : { username }),
    user_type: userType,
    roles: [...roles],
  };
}
