import type { Route } from '@switchyard/http';
import type { AccountRow } from '@switchyard/store';
import { z } from 'zod';
import { loginOf, mayHavePassword } from '../accounts/names-of-account.ts';
import type { LoginParts } from '../build-parts.ts';
import { accountPage } from '../pages/account-page.ts';
import { passwordPage } from '../pages/password-page.ts';
import { texts } from '../pages/texts.ts';
import { definePage } from './define-page.ts';
import type { PageAnswer } from './define-page.ts';
import { createDeviceRoutes } from './device-routes.ts';
import { readOwn } from './read-own.ts';
import { refusePassword } from './refuse-password.ts';

const none = z.object({});
const SIGN_IN_FIRST = (to: string): PageAnswer => ({ to: `/auth/sign-in?to=${encodeURIComponent(to)}` });
const passwordForm = z.object({
  current: z.string().max(1024).optional(),
  password: z.string().max(1024),
  again: z.string().max(1024),
});
const shown = z.object({ ended: z.coerce.number().int().min(0).max(10_000).optional().catch(undefined) });

/** What people see and change of their own account. */
export function createAccountRoutes(parts: LoginParts): Route[] {
  return [...passwordRoutes(parts), accountPageRoute(parts), ...createDeviceRoutes(parts)];
}

function passwordRoutes(parts: LoginParts): Route[] {
  const { config, frame, identity, identifyBrowser, accounts, changePassword, known, endStreams } = parts;
  const minCharacters = config.passwordMinCharacters;
  /** Who must have one-time codes sets them up before anything else. */
  const toFactor = (account: AccountRow, to: string): string =>
    parts.secondFactor.isRequired(account) && account.totp_confirmed_at === null ? '/auth/second-factor' : to;
  return [
    definePage(
      {
        method: 'get',
        path: '/auth/welcome',
        summary: 'Where a one-time link leads: to choosing a password, if there is none yet.',
        guard: 'none',
        query: none,
        form: none,
        handle: async ({ req }) => {
          const caller = await identifyBrowser(req);
          const account = caller && (await accounts.find(caller.userId));
          if (account === undefined || !mayHavePassword(account.user_id)) return { to: '/' };
          return { to: account.password_hash === null ? '/auth/password' : toFactor(account, '/') };
        },
      },
      frame,
    ),
    definePage(
      {
        method: 'get',
        path: '/auth/password',
        summary: 'The page for choosing a password, or another one.',
        guard: 'user',
        query: none,
        form: none,
        handle: async ({ req }) => {
          if ((await identifyBrowser(req)) === undefined) return SIGN_IN_FIRST('/auth/password');
          const { account } = await readOwn(parts, req);
          if (!mayHavePassword(account.user_id)) return { to: '/auth/account' };
          const hasPassword = account.password_hash !== null;
          return { page: passwordPage({ hasPassword, login: loginOf(account), minCharacters }) };
        },
      },
      frame,
    ),
    definePage(
      {
        method: 'post',
        path: '/auth/password',
        summary: 'Sets the password, and ends every other sign-in.',
        guard: 'user',
        query: none,
        form: passwordForm,
        handle: async ({ form, req, res }) => {
          const { caller, account } = await readOwn(parts, req);
          const browserId = known.recognise(req.headers.cookie, account.user_id);
          const refusal = await changePassword({
            account,
            ...form,
            current: form.current,
            address: req.ip,
            browserId,
          });
          const hasPassword = account.password_hash !== null;
          if (refusal !== undefined)
            return refusePassword(refusal, minCharacters, (problem) =>
              passwordPage({ hasPassword, login: loginOf(account), minCharacters, problem }),
            );
          await identity.signIns.endAll(caller.userId, caller.signInId);
          await endStreams(caller.userId);
          res.append('Set-Cookie', known.remember(caller.userId));
          return { to: toFactor(account, hasPassword ? '/auth/account' : '/') };
        },
      },
      frame,
    ),
  ];
}

function accountPageRoute(parts: LoginParts): Route {
  const { frame, identity, identifyBrowser, accounts } = parts;
  return definePage(
    {
      method: 'get',
      path: '/auth/account',
      summary: 'The page of one’s own account: password, and where one is signed in.',
      guard: 'user',
      query: shown,
      form: none,
      handle: async ({ query, req }) => {
        if ((await identifyBrowser(req)) === undefined) return SIGN_IN_FIRST('/auth/account');
        const { caller, account } = await readOwn(parts, req);
        const view = {
          name: account.username ?? account.login ?? account.user_id,
          hasPassword: account.password_hash !== null,
          mayHavePassword: mayHavePassword(account.user_id),
          hasSecondFactor: account.totp_confirmed_at !== null,
          isFactorRequired: parts.secondFactor.isRequired(account),
          recoveryCodesLeft: await accounts.countRecoveryCodes(account.user_id),
          signIns: await identity.signIns.list(caller.userId),
          currentId: caller.signInId,
          notice: query.ended === undefined ? undefined : texts.account.ended(query.ended),
        };
        return { page: accountPage(view) };
      },
    },
    frame,
  );
}
