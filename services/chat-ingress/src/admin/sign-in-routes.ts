import { PlatformError } from '@switchyard/kernel';
import { defineRoute } from '@switchyard/http';
import type { Audited, Route } from '@switchyard/http';
import type { Identity } from '@switchyard/identity';
import { signInEndedSchema, signInListSchema } from '@switchyard/protocol';
import { z } from 'zod';
import { listSignIns, signInParams } from '../routes/sign-in-routes.ts';
import type { AdminGuard } from './admin-guard.ts';

export interface AdminSignInParts {
  guard: AdminGuard;
  audited: Audited;
  identity: Pick<Identity, 'signIns' | 'sessionIdOf'>;
  tellSignedOut: (sessionId: string) => Promise<void>;
}

const shared = { tag: 'administration', guard: 'admin' } as const;
const userParams = z.object({ user_id: z.string().min(1).max(256) });
const oneParams = userParams.extend(signInParams.shape);

/** Anybody's sign-ins, for admins: a device that was lost, somebody who has left. */
export function createAdminSignInRoutes(parts: AdminSignInParts): Route[] {
  const { guard, audited, identity, tellSignedOut } = parts;
  const { signIns } = identity;
  return [
    defineRoute({
      ...shared,
      method: 'get',
      path: '/admin/users/:user_id/sign-ins',
      summary: 'Where a user is signed in, newest first.',
      params: userParams,
      answer: signInListSchema,
      handle: async ({ params, req, res }) => {
        const caller = await guard(req, res);
        return { items: await listSignIns(identity, params.user_id, caller.signInId) };
      },
    }),
    defineRoute({
      ...shared,
      method: 'delete',
      path: '/admin/users/:user_id/sign-ins',
      summary: 'Ends all sign-ins of a user.',
      params: userParams,
      answer: signInEndedSchema,
      handle: async ({ params: { user_id: userId }, req, res }) => {
        const caller = await guard(req, res);
        return audited({ caller, req, res }, 'sign_in.end_all', userId, async () => {
          const ended = await signIns.endAll(userId);
          await tellSignedOut(identity.sessionIdOf(userId));
          return { before: { live: ended }, after: { live: 0 }, answer: { ended } };
        });
      },
    }),
    defineRoute({
      ...shared,
      method: 'delete',
      path: '/admin/users/:user_id/sign-ins/:sign_in_id',
      summary: 'Ends one sign-in of a user.',
      params: oneParams,
      answer: signInEndedSchema,
      handle: async ({ params: { user_id: userId, sign_in_id: signInId }, req, res }) => {
        const caller = await guard(req, res);
        return audited({ caller, req, res }, 'sign_in.end', `${userId}/${signInId}`, async () => {
          if (!(await signIns.end(userId, signInId))) throw PlatformError.of('NOT_FOUND');
          await tellSignedOut(identity.sessionIdOf(userId));
          return { before: { live: true }, after: { live: false }, answer: { ended: 1 } };
        });
      },
    }),
  ];
}
