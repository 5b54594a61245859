import type { Route } from '@switchyard/http';
import { PlatformError } from '@switchyard/kernel';
import { z } from 'zod';
import type { LoginParts } from '../build-parts.ts';
import { signInPage } from '../pages/sign-in-page.ts';
import type { SignInView } from '../pages/sign-in-page.ts';
import { texts } from '../pages/texts.ts';
import { definePage } from './define-page.ts';
import type { PageAnswer } from './define-page.ts';
import { readLocalPath } from './local-path.ts';
import { isInsecure } from './own-origin.ts';

const none = z.object({});
const shown = z.object({
  to: z.unknown().optional(),
  note: z.enum(['signed-out', 'changed', 'code-late', 'factor-off']).optional().catch(undefined),
});
const form = z.object({
  login: z.string().min(1).max(320),
  password: z.string().min(1).max(1024),
  to: z.unknown().optional(),
});
const NOTES = {
  'signed-out': texts.signIn.signedOut,
  changed: texts.signIn.changed,
  'code-late': texts.signIn.codeLate,
  'factor-off': texts.signIn.factorOff,
} as const;

/** Name and password. */
export function createSignInRoutes(parts: LoginParts): Route[] {
  const { config, frame, identifyBrowser, signInByPassword, enter, attempts, log } = parts;
  const always = {
    isGuestAllowed: config.anonymousAllowed,
    mayReset: parts.mail !== undefined && config.passwordsAllowed,
    maySignUp: parts.mail !== undefined && config.signUpAllowed && config.passwordsAllowed,
    hasPasswords: config.passwordsAllowed,
    issuer: parts.oidc === undefined ? undefined : config.oidcLabel,
  };

  const show = (view: Omit<SignInView, keyof typeof always | 'isInsecure'>, status = 200): PageAnswer => ({
    page: signInPage({ ...view, ...always, isInsecure: false }),
    status,
  });

  return [
    definePage(
      {
        method: 'get',
        path: '/auth/sign-in',
        summary: 'The page for signing in. Who is signed in goes on to where he wanted to.',
        guard: 'none',
        query: shown,
        form: none,
        handle: async ({ query, req }) => {
          const to = readLocalPath(query.to);
          if ((await identifyBrowser(req)) !== undefined) return { to };
          if (isInsecure(req, config.publicUrl))
            return { page: signInPage({ to, ...always, isInsecure: true }) };
          return show({ to, ...(query.note === undefined ? {} : { notice: NOTES[query.note] }) });
        },
      },
      frame,
    ),
    definePage(
      {
        method: 'post',
        path: '/auth/sign-in',
        summary: 'Signs the browser in with name and password.',
        guard: 'none',
        query: none,
        form,
        handle: async ({ form: { login, password, to: wanted }, req, res }) => {
          const to = readLocalPath(wanted);
          if (!config.passwordsAllowed) throw PlatformError.of('NOT_FOUND');
          if (isInsecure(req, config.publicUrl))
            return { page: signInPage({ to, ...always, isInsecure: true }), status: 403 };
          try {
            const cookieHeader = req.headers.cookie;
            const account = await signInByPassword({ login, password, address: req.ip, cookieHeader });
            attempts.add({ at: 'password', outcome: account === undefined ? 'refused' : 'right' });
            if (account === undefined) {
              log.info('sign-in refused', { method: 'password' });
              return show({ to, login, problem: texts.signIn.wrong }, 401);
            }
            return { to: await enter({ req, res }, account, to) };
          } catch (error) {
            if (!(error instanceof PlatformError) || error.code !== 'RATE_LIMITED') throw error;
            attempts.add({ at: 'password', outcome: 'limited' });
            const retryAfterSec = error.retryAfterSec ?? 1;
            const problem = texts.signIn.tooMany(Math.ceil(retryAfterSec / 60));
            return { ...show({ to, login, problem }, 429), retryAfterSec };
          }
        },
      },
      frame,
    ),
  ];
}
