import { PlatformError } from '@switchyard/kernel';
import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { requireUser } from '@switchyard/identity';
import type { Caller, Identity } from '@switchyard/identity';
import { signInEndedSchema, signInListSchema } from '@switchyard/protocol';
import type { SignInEntry } from '@switchyard/protocol';
import { z } from 'zod';
import type { IdentifyRequest } from '../identify-request.ts';

export interface SignInRouteParts {
  identify: IdentifyRequest;
  identity: Pick<Identity, 'signIns' | 'sessionIdOf'>;
  /** Ends the streams of a session; those who are still signed in come back. */
  tellSignedOut: (sessionId: string) => Promise<void>;
}

const shared = { tag: 'session', guard: 'user' } as const;
export const signInParams = z.object({ sign_in_id: z.string().regex(/^[\w-]{1,128}$/) });

/**
 * Throws `auth.prove_again` where the sign-in that asks is older than `PROVE_AGAIN_AFTER`: with a cookie that somebody has taken nobody puts
 * its owner out. A token of a script is no sign-in, and no cookie.
 */
async function requireFresh(signIns: Identity['signIns'], { userId, signInId }: Caller): Promise<void> {
  if (signInId === undefined || (await signIns.isFresh(userId, signInId))) return;
  throw PlatformError.of(
    'FORBIDDEN',
    'Sign in again before you end sign-ins, or end them at /auth/account, where your password is asked for.',
    { errorType: 'auth.prove_again' },
  );
}

/** A user's own sign-ins: on which devices, and how to end one from another. */
export function createSignInRoutes({ identify, identity, tellSignedOut }: SignInRouteParts): Route[] {
  const { signIns } = identity;
  return [
    defineRoute({
      ...shared,
      method: 'get',
      path: '/api/auth/sign-ins',
      summary: 'Where the caller is signed in, newest first.',
      answer: signInListSchema,
      handle: async ({ req, res }) => {
        const { userId, signInId } = requireUser(await identify(req, res));
        return { items: await listSignIns(identity, userId, signInId) };
      },
    }),
    defineRoute({
      ...shared,
      method: 'delete',
      path: '/api/auth/sign-ins',
      summary: 'Ends all sign-ins of the caller but the one that asks.',
      answer: signInEndedSchema,
      handle: async ({ req, res }) => {
        const caller = requireUser(await identify(req, res));
        await requireFresh(signIns, caller);
        const { userId, signInId, sessionId } = caller;
        const ended = await signIns.endAll(userId, signInId);
        if (ended > 0) await tellSignedOut(sessionId);
        return { ended };
      },
    }),
    defineRoute({
      ...shared,
      method: 'delete',
      path: '/api/auth/sign-ins/:sign_in_id',
      summary: 'Ends one sign-in of the caller.',
      params: signInParams,
      answer: signInEndedSchema,
      handle: async ({ params, req, res }) => {
        const caller = requireUser(await identify(req, res));
        await requireFresh(signIns, caller);
        const { userId, sessionId } = caller;
        if (!(await signIns.end(userId, params.sign_in_id))) throw PlatformError.of('NOT_FOUND');
        await tellSignedOut(sessionId);
        return { ended: 1 };
      },
    }),
  ];
}

export async function listSignIns(
  { signIns }: Pick<Identity, 'signIns'>,
  userId: string,
  currentId: string | undefined,
): Promise<SignInEntry[]> {
  return (await signIns.list(userId)).map((row) => ({
    sign_in_id: row.sign_in_id,
    method: row.method,
    user_agent: row.user_agent,
    created_at: row.created_at.toISOString(),
    renewed_at: row.renewed_at?.toISOString() ?? null,
    expires_at: row.expires_at.toISOString(),
    is_current: row.sign_in_id === currentId,
  }));
}
