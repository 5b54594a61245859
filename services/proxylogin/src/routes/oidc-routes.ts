import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { PlatformError } from '@switchyard/kernel';
import { urlencoded } from 'express';
import type { Request, Response } from 'express';
import { z } from 'zod';
import type { LoginParts } from '../build-parts.ts';
import { CALLBACK_PATH, SIGNED_OUT_PATH } from '../oidc/issuer.ts';
import { definePage } from './define-page.ts';
import { readLocalPath } from './local-path.ts';

const none = z.object({});
const readForm = urlencoded({ extended: false, limit: 16_384, parameterLimit: 8 });
const logoutForm = z.object({ logout_token: z.string() });

/** Signing in at an issuer, and what it tells us afterwards; only where there is one. */
export function createOidcRoutes(parts: LoginParts): Route[] {
  const { oidc } = parts;
  if (oidc === undefined) return [];
  return [...signInRoutes({ ...parts, oidc }), backChannelRoute(oidc.backChannelLogout)];
}

function signInRoutes(parts: LoginParts & { oidc: NonNullable<LoginParts['oidc']> }): Route[] {
  const { frame, oidc, welcome, identifyBrowser } = parts;
  return [
    definePage(
      {
        method: 'get',
        path: '/auth/oidc/start',
        summary:
          'Leads to the issuer’s page for signing in; who follows a link of another site, to our own first.',
        guard: 'none',
        query: z.object({ to: z.unknown().optional() }),
        form: none,
        handle: async ({ query, req, res }) => {
          const to = readLocalPath(query.to);
          // Where the issuer asks nothing a link would do it all: he shall press the button of our page himself.
          if (isLinkFromElsewhere(req)) return { to: `/auth/sign-in?to=${encodeURIComponent(to)}` };
          const { url, setCookie } = await oidc.signIn.begin(to, req.headers.cookie);
          res.append('Set-Cookie', setCookie);
          return { to: url.href };
        },
      },
      frame,
    ),
    definePage(
      {
        method: 'get',
        path: CALLBACK_PATH,
        summary: 'Where the issuer leads back to: signs the browser in.',
        guard: 'none',
        query: z.looseObject({}),
        form: none,
        handle: async ({ req, res }) => {
          const query = new URL(req.originalUrl, 'http://here.invalid').searchParams;
          const { proof, to } = await oidc.signIn.finish(query, req.headers.cookie);
          const former = await identifyBrowser(req);
          await welcome({ req, res, former }, proof);
          return { to };
        },
      },
      frame,
    ),
    definePage(
      {
        method: 'get',
        path: SIGNED_OUT_PATH,
        summary: 'Where the issuer leads back to after signing out there.',
        guard: 'none',
        query: z.looseObject({}),
        form: none,
        handle: async () => ({ to: '/auth/sign-in?note=signed-out' }),
      },
      frame,
    ),
  ];
}

/** As the browser says it. Of an address that was typed, or of a browser that says nothing, there is no site that could have led here. */
function isLinkFromElsewhere(req: Request): boolean {
  const site = req.headers['sec-fetch-site'];
  return site === 'cross-site' || site === 'same-site';
}

function backChannelRoute(logOut: (token: string) => Promise<void>): Route {
  return defineRoute({
    method: 'post',
    path: '/auth/oidc/back-channel-logout',
    summary: 'For the issuer: ends the sign-ins of somebody who has signed out there.',
    tag: 'sign-in',
    guard: 'none',
    body: logoutForm,
    readsBody: true,
    handle: async ({ req, res }) => {
      const form = logoutForm.safeParse(await readBody(req, res));
      if (!form.success) throw PlatformError.of('INVALID_REQUEST', 'logout_token: required');
      try {
        await logOut(form.data.logout_token);
      } catch (error) {
        // 400 is what the specification asks for, whatever is wrong with the token.
        if (!(error instanceof PlatformError) || error.code !== 'BAD_TOKEN') throw error;
        throw PlatformError.of('INVALID_REQUEST', 'The logout token is not valid.', { cause: error });
      }
      return { ok: true };
    },
  });
}

function readBody(req: Request, res: Response): Promise<unknown> {
  return new Promise((resolve, reject) =>
    readForm(req, res, (error?: unknown) => {
      if (error === undefined) return resolve(req.body);
      reject(PlatformError.of('INVALID_REQUEST', undefined, { cause: error }));
    }),
  );
}
