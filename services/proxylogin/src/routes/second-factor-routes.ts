import type { Request } from 'express';
import type { Route } from '@switchyard/http';
import { z } from 'zod';
import type { LoginParts } from '../build-parts.ts';
import { recoveryPage, removePage } from '../pages/code-pages.ts';
import { texts } from '../pages/texts.ts';
import { codeText, onlyDigits } from './code-form.ts';
import { definePage } from './define-page.ts';
import type { PageAnswer } from './define-page.ts';
import { limitedAnswer as limited } from './limited-answer.ts';
import { readOwn } from './read-own.ts';
import { createShowSecret } from './show-secret.ts';

const none = z.object({});
const factorForm = z.object({ code: codeText, password: z.string().max(1024) });
const words = texts.code;

/** Switching the second factor on and off, for who is signed in. */
export function createSecondFactorRoutes(parts: LoginParts): Route[] {
  return [...setUpRoutes(parts), ...removeRoutes(parts)];
}

function setUpRoutes(parts: LoginParts): Route[] {
  const { frame, secondFactor, identity, endStreams, checkPassword } = parts;
  const show = createShowSecret(parts.config.productName, false);
  /** Undefined: there is nothing to set up. */
  const pending = async (req: Request) => {
    const { caller, account } = await readOwn(parts, req);
    const secret = account.password_hash === null ? undefined : await secondFactor.pending(account);
    return secret && { caller, account, secret };
  };
  return [
    definePage(
      {
        method: 'get',
        path: '/auth/second-factor',
        summary: 'The page for setting up a second factor.',
        guard: 'user',
        query: none,
        form: none,
        handle: async ({ req }) => {
          const found = await pending(req);
          return found === undefined ? { to: '/auth/account' } : show(found.account, found.secret);
        },
      },
      frame,
    ),
    definePage(
      {
        method: 'post',
        path: '/auth/second-factor',
        summary:
          'Switches the second factor on, shows the recovery codes once, and ends every other sign-in.',
        guard: 'user',
        query: none,
        form: factorForm,
        handle: async ({ form, req }) => {
          const found = await pending(req);
          if (found === undefined) return { to: '/auth/account' };
          const { caller, account, secret } = found;
          try {
            if (!(await checkPassword(account, form.password, req)))
              return show(account, secret, texts.password.wrong);
          } catch (error) {
            return limited(error, (problem) => ({ ...show(account, secret, problem), status: 429 }));
          }
          const codes = await secondFactor.confirm(account.user_id, onlyDigits(form.code));
          if (codes === undefined) return show(account, secret, words.wrong);
          await identity.signIns.endAll(caller.userId, caller.signInId);
          await endStreams(caller.userId);
          return { page: recoveryPage(codes) };
        },
      },
      frame,
    ),
  ];
}

function removeRoutes(parts: LoginParts): Route[] {
  const { frame, secondFactor, identity, endStreams, checkCode, checkPassword } = parts;
  return [
    definePage(
      {
        method: 'get',
        path: '/auth/second-factor/remove',
        summary: 'The page for switching the second factor off.',
        guard: 'user',
        query: none,
        form: none,
        handle: async ({ req }) => {
          const { account } = await readOwn(parts, req);
          if (account.totp_confirmed_at === null) return { to: '/auth/account' };
          return { page: removePage({ isRequired: secondFactor.isRequired(account) }) };
        },
      },
      frame,
    ),
    definePage(
      {
        method: 'post',
        path: '/auth/second-factor/remove',
        summary: 'Switches the second factor off.',
        guard: 'user',
        query: none,
        form: factorForm,
        handle: async ({ form, req }) => {
          const { account } = await readOwn(parts, req);
          if (account.totp_confirmed_at === null) return { to: '/auth/account' };
          const again = (problem: string, status = 422): PageAnswer => ({
            page: removePage({ isRequired: secondFactor.isRequired(account), problem }),
            status,
          });
          try {
            if (!(await checkPassword(account, form.password, req))) return again(texts.password.wrong);
            if (!(await checkCode(account.user_id, form.code, req))) return again(words.wrong);
          } catch (error) {
            return limited(error, (problem) => again(problem, 429));
          }
          await secondFactor.remove(account.user_id);
          if (!secondFactor.isRequired(account)) return { to: '/auth/account' };
          // Nobody who must have one is signed in without: the next sign-in begins with setting it up.
          await identity.signIns.endAll(account.user_id);
          await endStreams(account.user_id);
          return { to: '/auth/sign-in?note=factor-off' };
        },
      },
      frame,
    ),
  ];
}
