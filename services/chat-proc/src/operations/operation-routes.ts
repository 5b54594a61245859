import type { Request, Response } from 'express';
import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import type { Caller } from '@switchyard/identity';
import { idSchema } from '@switchyard/protocol';
import { z } from 'zod';
import type { Guards } from '../caller-of.ts';
import type { OperationRequest } from './serve-operation.ts';

export interface OperationRouteParts {
  readonly guards: Guards;
  readonly serveOperation: (request: OperationRequest) => Promise<void>;
}

/** A name in a bundle's definition, as it stands in an address. */
const operationName = z.string().min(1).max(128);
const scoped = { tenant: idSchema, project: idSchema };
const ofBundle = z.object({ ...scoped, bundle: idSchema, operation: operationName });
const ofDefault = z.object({ ...scoped, operation: operationName });
const withTail = ofBundle.extend({ tail: z.array(z.string()) });

const callSchema = z.looseObject({ data: z.unknown().optional(), conversation_id: idSchema.optional() });
/** `<operation>`: what it returned; a file, a stream or a `Response` goes out as it is. */
const answerSchema = z.looseObject({
  status: z.literal('ok'),
  tenant: z.string(),
  project: z.string(),
  bundle_id: z.string(),
  conversation_id: z.string().nullable(),
});

const BUNDLE = '/api/integrations/bundles/:tenant/:project/:bundle';
const METHODS = ['get', 'post'] as const;

/** Operations of bundles over REST (03 §6). Both methods are here; which one an operation has is its own to say. */
export function createOperationRoutes({ guards, serveOperation }: OperationRouteParts): Route[] {
  const byUser = async (
    { req, res }: { req: Request; res: Response },
    params: { tenant: string; project: string; bundle?: string; operation: string },
  ): Promise<void> => {
    const caller = await guards.session(req, res);
    guards.scope(params);
    const { bundle: bundleId, operation } = params;
    await serveOperation({ req, res, caller, bundleId, operation, route: 'operations' });
  };
  const byAnybody = async (
    { req, res }: { req: Request; res: Response },
    params: z.output<typeof ofBundle> & { tail?: string[] },
  ): Promise<void> => {
    guards.scope(params);
    const caller: Caller = await guards.anybody(req, res);
    const { bundle: bundleId, operation, tail } = params;
    const more = tail === undefined ? {} : { tail: tail.join('/') };
    await serveOperation({ req, res, caller, bundleId, operation, route: 'public', ...more });
  };
  return METHODS.flatMap((method) => {
    const shared = { method, tag: 'operations', answer: answerSchema } as const;
    const body = method === 'post' ? { body: callSchema } : {};
    return [
      defineRoute({
        ...shared,
        ...body,
        path: `${BUNDLE}/operations/:operation`,
        isDirect: true,
        summary: 'Calls an operation of a bundle',
        guard: 'session',
        params: ofBundle,
        handle: ({ params, ...rest }) => byUser(rest, params),
      }),
      defineRoute({
        ...shared,
        ...body,
        path: '/api/integrations/bundles/:tenant/:project/operations/:operation',
        summary: 'Calls an operation of the default bundle',
        guard: 'session',
        params: ofDefault,
        handle: ({ params, ...rest }) => byUser(rest, params),
      }),
      defineRoute({
        ...shared,
        ...body,
        path: `${BUNDLE}/public/:operation`,
        isDirect: true,
        summary: 'Calls a public operation: nobody needs to sign in',
        guard: 'none',
        params: ofBundle,
        handle: ({ params, ...rest }) => byAnybody(rest, params),
      }),
      defineRoute({
        ...shared,
        ...body,
        path: `${BUNDLE}/public/:operation/*tail`,
        summary: 'Calls a public operation with the rest of the address as `tail`',
        guard: 'none',
        params: withTail,
        handle: ({ params, ...rest }) => byAnybody(rest, params),
      }),
    ];
  });
}
