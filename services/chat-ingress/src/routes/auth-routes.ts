import { createHash } from 'node:crypto';
import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import type { Identity } from '@switchyard/identity';
import { urlencoded } from 'express';
import { z } from 'zod';
import { refuseOtherSites } from '@switchyard/http';
import type { IdentifyRequest } from '../identify-request.ts';

export interface AuthParts {
  identify: IdentifyRequest;
  identity: Pick<Identity, 'redeem' | 'createStreamTicket' | 'logout' | 'jwks'>;
  /** Ends the streams of a session. */
  tellSignedOut: (sessionId: string) => Promise<void>;
  clock: Clock;
  /** Where somebody goes who came by a link: with a sign-in page to choose a password, if he has none. */
  afterLink: string;
}

const codeSchema = z.object({
  code: z
    .string()
    .min(20)
    .max(200)
    .regex(/^[\w-]+$/),
});
const SUBMIT_SCRIPT = 'document.forms[0].submit()';
const SUBMIT_SCRIPT_HASH = createHash('sha256').update(SUBMIT_SCRIPT).digest('base64');
const readForm = urlencoded({ extended: false, limit: 4096, parameterLimit: 4 });

/** Sign-in links, tickets for streams, logout, and the keys that our tokens are signed with. */
export function createAuthRoutes(parts: AuthParts): Route[] {
  return [...signInRoutes(parts), ...sessionRoutes(parts)];
}

function signInRoutes({ identity, afterLink }: AuthParts): Route[] {
  return [
    defineRoute({
      method: 'get',
      path: '/api/auth/redeem',
      summary:
        'The page of a one-time sign-in link: posts the code, so that a mail scanner that only fetches links does not use it up.',
      tag: 'session',
      guard: 'none',
      query: codeSchema,
      produces: 'text/html',
      handle: ({ query, res }) => {
        res.setHeader(
          'Content-Security-Policy',
          `default-src 'none'; script-src 'sha256-${SUBMIT_SCRIPT_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
        );
        res.type('html').send(redeemPage(query.code));
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/auth/redeem',
      summary: 'Signs the browser in with a one-time code and goes to the page.',
      tag: 'session',
      guard: 'none',
      body: codeSchema,
      readsBody: true,
      produces: 'text/html',
      handle: async ({ req, res }) => {
        refuseOtherSites(req);
        await new Promise<void>((resolve, reject) =>
          readForm(req, res, (error?: unknown) =>
            error === undefined
              ? resolve()
              : reject(
                  error instanceof Error ? error : new Error('the body cannot be read', { cause: error }),
                ),
          ),
        );
        const form = codeSchema.safeParse(req.body);
        if (!form.success)
          throw PlatformError.of('INVALID_REQUEST', 'code: required', { details: { field: 'code' } });
        const { setCookie } = await identity.redeem(form.data.code, req.get('user-agent'));
        res.append('Set-Cookie', setCookie);
        res.redirect(303, afterLink);
      },
    }),
  ];
}

function sessionRoutes(parts: AuthParts): Route[] {
  const { identify, identity } = parts;
  return [
    defineRoute({
      method: 'post',
      path: '/api/auth/stream-ticket',
      summary: 'A one-use ticket for opening a stream where no header can be sent.',
      tag: 'session',
      guard: 'session',
      answer: z.object({ ticket: z.string(), expires_at: z.number(), expires_in: z.number() }),
      handle: async ({ req, res }) => {
        const { ticket, expiresAt } = await identity.createStreamTicket(await identify(req, res));
        return {
          ticket,
          expires_at: expiresAt,
          expires_in: Math.floor((expiresAt - parts.clock.now()) / 1000),
        };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/api/platform/logout',
      summary: 'Ends the sign-in and the streams of its session.',
      tag: 'session',
      guard: 'none',
      answer: z.object({ ok: z.boolean(), invalidated: z.boolean() }),
      handle: async ({ req, res }) => {
        const caller = await identify(req, res, { anonymous: 'always' });
        const { invalidated, setCookies } = await identity.logout(caller);
        res.removeHeader('Set-Cookie');
        for (const cookie of setCookies) res.append('Set-Cookie', cookie);
        await parts.tellSignedOut(caller.sessionId);
        return { ok: true, invalidated };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/.well-known/jwks.json',
      summary: 'Public keys of our tokens.',
      tag: 'session',
      guard: 'none',
      answer: z.object({ keys: z.array(z.looseObject({})) }),
      handle: ({ res }) => {
        res.setHeader('Cache-Control', 'public, max-age=300');
        return identity.jwks();
      },
    }),
  ];
}

/** The code was checked to be letters, digits, `-` and `_`: it needs no escaping. */
function redeemPage(code: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="referrer" content="no-referrer"><title>Sign in</title>
<form method="post" action="/api/auth/redeem"><input type="hidden" name="code" value="${code}"><button>Sign in</button></form>
<script>${SUBMIT_SCRIPT}</script></html>`;
}
