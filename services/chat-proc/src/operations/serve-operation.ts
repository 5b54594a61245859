import type { Request, Response } from 'express';
import type { Admission } from '@switchyard/admission';
import { sendJson } from '@switchyard/http';
import { ERRORS, PlatformError } from '@switchyard/kernel';
import type { Caller } from '@switchyard/identity';
import { operationResultSchema } from '@switchyard/protocol';
import type { BundleManifest, TenantProject } from '@switchyard/protocol';
import type { BundleHold } from '@switchyard/registry';
import type { Bundles, Conversations } from '@switchyard/store';
import { PUBLIC_USER } from '../caller-of.ts';
import type { BundleInvoker } from '../invocations/invoke-bundle.ts';
import { beginCall } from './begin-call.ts';
import type { BeginCallParts, KeptCall } from './begin-call.ts';
import { countedAs } from './counted-as.ts';
import { holdBundle } from './hold-bundle.ts';
import { requireUse } from './may-use.ts';
import { readPosted, readQueried } from './read-call.ts';
import type { OperationCall } from './read-call.ts';
import { sendWireResponse } from './send-wire-response.ts';
import { callIdentity } from './user-of.ts';

export type OperationManifest = BundleManifest['operations'][string];

export interface OperationParts extends BeginCallParts {
  readonly invoker: BundleInvoker;
  readonly bundles: Pick<Bundles, 'find'>;
  readonly conversations: Pick<Conversations, 'own'>;
  readonly admission: Pick<Admission, 'admitted'>;
  readonly scope: TenantProject;
  /** Milliseconds of an operation that names no limit of its own. */
  readonly timeoutMs: number;
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

/** Answers requests for operations of bundles (03 §6). */
export function createServeOperation(parts: OperationParts): (request: OperationRequest) => Promise<void> {
  return async (request) => {
    const { req, caller } = request;
    // Read out of the headers at each look.
    const { ip } = req;
    await parts.admission.admitted(countedAs(caller, ip), ip, async () => {
      const hold = await holdBundle(parts, request.bundleId);
      try {
        const chosen = await choose(parts, request, hold);
        await serve(parts, request, chosen);
      } finally {
        // What streams keeps the version by itself, and is read to its end before this.
        hold.release();
      }
    });
  };
}

async function choose(parts: OperationParts, request: OperationRequest, hold: BundleHold): Promise<Chosen> {
  const { req, res, caller, operation, route } = request;
  const { operations } = hold.manifest;
  const manifest = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
  // An operation for users is not there for who comes by the public door.
  if (manifest === undefined || (route === 'public' && manifest.route !== 'public'))
    throw PlatformError.of('NOT_FOUND');
  requireUse(manifest, caller);
  requireMethod(req, res, manifest);
  // The route has refused what is no JSON, so what is undefined was empty.
  const call = manifest.method === 'GET' ? readQueried(req.query) : readPosted(req.body ?? {});
  // Somebody else's is as not there.
  if (call.conversationId !== undefined) await parts.conversations.own(caller.userId, call.conversationId);
  return { hold, manifest, call: withTail(call, request.tail) };
}

async function serve(parts: OperationParts, request: OperationRequest, chosen: Chosen): Promise<void> {
  const { req, res, caller, operation } = request;
  const { hold, manifest, call } = chosen;
  const key = req.get('idempotency-key');
  // Strangers share a name, so a key of one would name the call of another.
  const isKept = key !== undefined && manifest.method === 'POST' && caller !== PUBLIC_USER;
  if (!isKept) return answer(parts, request, chosen);
  const name = { userId: caller.userId, bundleId: hold.version.bundleId, operation, key };
  const begun = await beginCall(parts, name, call, manifest.timeoutMs ?? parts.timeoutMs);
  if ('answer' in begun) {
    res.setHeader('Idempotent-Replayed', 'true');
    res.json(begun.answer);
    return;
  }
  let isBegun = false;
  try {
    await answer(parts, request, chosen, { kept: begun.kept, onStart: () => (isBegun = true) });
  } catch (error) {
    // An input that the schema refused never came to the author's code.
    const code = error instanceof PlatformError ? error.code : 'INTERNAL';
    if (!isBegun || code === 'UNPROCESSABLE') await begun.kept.forget();
    else await begun.kept.unknown(ERRORS[code].errorType);
    throw error;
  }
}

async function answer(
  parts: OperationParts,
  { res, caller, operation }: OperationRequest,
  { hold, manifest, call }: Chosen,
  once?: { readonly kept: KeptCall; readonly onStart: () => void },
): Promise<void> {
  const gone = new AbortController();
  const onClose = (): void => gone.abort();
  // With a key the caller will ask again: the call goes on to its end without him, and the answer waits.
  if (once === undefined) res.once('close', onClose);
  const identity = callIdentity(caller);
  const { input, conversationId } = call;
  try {
    const value = await parts.invoker.run(hold, {
      kind: 'operation',
      name: operation,
      payload: {
        input,
        user: identity.user,
        ...(conversationId === undefined ? {} : { conversation_id: conversationId }),
      },
      ...identity,
      timeoutMs: manifest.timeoutMs ?? parts.timeoutMs,
      signal: gone.signal,
      ...(once === undefined ? {} : { onStart: once.onStart }),
    });
    const result = operationResultSchema.parse(value);
    if ('response' in result) {
      // What streams cannot be given a second time.
      await once?.kept.done('answer_streamed');
      return await sendWireResponse(res, result.response);
    }
    const body = {
      status: 'ok',
      ...parts.scope,
      bundle_id: hold.version.bundleId,
      conversation_id: conversationId ?? null,
      [operation]: result.output ?? null,
    };
    await once?.kept.answer(body);
    sendJson(res, body);
  } finally {
    res.off('close', onClose);
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
