import type { Request, Response } from 'express';
import { PlatformError } from '@switchyard/kernel';
import type { Conversations } from '@switchyard/store';
import type { BundleHold } from '@switchyard/registry';
import { mayUse } from './may-use.ts';
import type { OperationManifest, OperationRequest } from './operation-request.ts';
import { readPosted, readQueried } from './read-call.ts';
import type { OperationCall } from './read-call.ts';

/** Which operation of which version answers, and with what. */
export interface Chosen {
  readonly hold: BundleHold;
  readonly manifest: OperationManifest;
  readonly call: OperationCall;
}

/** Rejects NOT_FOUND, FORBIDDEN, METHOD_NOT_ALLOWED with `Allow`, INVALID_REQUEST. */
export async function chooseOperation(
  conversations: Pick<Conversations, 'own'>,
  request: OperationRequest,
  hold: BundleHold,
): Promise<Chosen> {
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
