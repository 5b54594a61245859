import { defineRoute } from '@switchyard/http';
import type { Audited, Route } from '@switchyard/http';
import type { Identity } from '@switchyard/identity';
import { PlatformError } from '@switchyard/kernel';
import type { Users } from '@switchyard/store';
import { z } from 'zod';
import type { AdminGuard } from './admin-guard.ts';

export interface UserRouteParts {
  guard: AdminGuard;
  audited: Audited;
  users: Pick<Users, 'setDisabled'>;
  identity: Pick<Identity, 'signIns' | 'sessionIdOf'>;
  tellSignedOut: (sessionId: string) => Promise<void>;
}

/** Switches a user off, who is out at once and gets in by no way, or on again. */
export function createUserRoutes(parts: UserRouteParts): Route[] {
  const { guard, audited, users, identity, tellSignedOut } = parts;
  return [
    defineRoute({
      tag: 'administration',
      guard: 'admin',
      method: 'put',
      path: '/admin/users/:user_id/disabled',
      summary: 'Switches a user off, with all of his sign-ins and open streams, or on again.',
      params: z.object({ user_id: z.string().min(1).max(256) }),
      body: z.strictObject({ disabled: z.boolean() }),
      answer: z.object({ user_id: z.string(), disabled: z.boolean(), ended: z.number().int() }),
      handle: async ({ params: { user_id: userId }, body: { disabled }, req, res }) => {
        const caller = await guard(req, res);
        return audited({ caller, req, res }, 'user.set_disabled', userId, async () => {
          if (userId === caller.userId)
            throw PlatformError.of(
              'CONFLICT',
              'Nobody switches himself off: there may be no other way back in.',
            );
          if ((await users.setDisabled(userId, disabled)) === undefined) throw PlatformError.of('NOT_FOUND');
          // After it, so that none is begun or made anew behind their end.
          const ended = disabled ? await identity.signIns.endAll(userId) : 0;
          if (disabled) await tellSignedOut(identity.sessionIdOf(userId));
          const answer = { user_id: userId, disabled, ended };
          return { before: null, after: { disabled, ended }, answer };
        });
      },
    }),
  ];
}
