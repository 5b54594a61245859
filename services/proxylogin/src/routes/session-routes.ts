import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { authSessionSchema, formatTimestamp, loggedOutSchema } from '@switchyard/protocol';
import type { AuthSession } from '@switchyard/protocol';
import { z } from 'zod';
import type { LoginParts } from '../build-parts.ts';
import { definePage } from './define-page.ts';
import { requireOwnOrigin } from './own-origin.ts';

const none = z.object({});
const renewForm = z.object({ cookie: z.string().max(200) });

/** Who is signed in in this browser, signing out, and the renewal that web-proxy asks for. */
export function createSessionRoutes(parts: LoginParts): Route[] {
  const { identity, identifyBrowser, accounts, frame, signOut, oidc } = parts;
  return [
    defineRoute({
      method: 'get',
      path: '/auth/session',
      summary: 'Who is signed in in this browser, and how.',
      tag: 'sign-in',
      guard: 'none',
      answer: authSessionSchema,
      handle: async ({ req }): Promise<AuthSession> => {
        const caller = await identifyBrowser(req);
        if (caller === undefined) return { signed_in: false };
        const { userId, signInId } = caller;
        const account = await accounts.find(userId);
        const row = signInId === undefined ? undefined : await identity.signIns.find(userId, signInId);
        return {
          signed_in: true,
          user_id: userId,
          username: caller.username ?? null,
          user_type: caller.userType,
          has_password: account !== undefined && account.password_hash !== null,
          sign_in:
            row === undefined
              ? null
              : {
                  sign_in_id: row.sign_in_id,
                  method: row.method,
                  created_at: formatTimestamp(row.created_at.getTime()),
                  expires_at: formatTimestamp(row.expires_at.getTime()),
                },
        };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/auth/session/end',
      summary: 'Signs out, for a page that asks by script; `to` is where it should go then.',
      tag: 'sign-in',
      guard: 'none',
      answer: loggedOutSchema,
      handle: async ({ req, res }) => {
        requireOwnOrigin(req, frame.publicUrl);
        const { to, isEnded } = await signOut(req, res);
        return { ok: true, invalidated: isEnded, to };
      },
    }),
    definePage(
      {
        method: 'post',
        path: '/auth/logout',
        summary: 'Signs out, for a form.',
        guard: 'none',
        query: none,
        form: none,
        handle: async ({ req, res }) => ({ to: (await signOut(req, res)).to }),
      },
      frame,
    ),
    defineRoute({
      method: 'post',
      path: '/internal/renew',
      summary: 'Makes the token behind a cookie anew; web-proxy asks, and leads nobody else here.',
      tag: 'internal',
      guard: 'none',
      body: renewForm,
      answer: z.object({ outcome: z.enum(['renewed', 'ended']) }),
      handle: async ({ body }) => ({ outcome: await identity.signIns.renew(body.cookie, oidc?.signIn.ask) }),
    }),
  ];
}
