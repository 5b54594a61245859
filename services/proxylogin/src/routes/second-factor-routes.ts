import type { Request } from 'express';
import type { Route } from '@switchyard/http';
import { PlatformError } from '@switchyard/kernel';
import type { AccountRow } from '@switchyard/store';
import { z } from 'zod';
import { loginOf } from '../accounts/change-password.ts';
import { base32, otpauthUri } from '../accounts/totp.ts';
import type { LoginParts } from '../build-parts.ts';
import { codePage, recoveryPage, removePage, setUpPage } from '../pages/code-pages.ts';
import { texts } from '../pages/texts.ts';
import { definePage } from './define-page.ts';
import type { PageAnswer } from './define-page.ts';
import { readOwn } from './read-own.ts';

const none = z.object({});
const by = z.literal('recovery').optional().catch(undefined);
const code = z.string().max(64);
const codeForm = z.object({ code, by });
const factorForm = z.object({ code, password: z.string().max(1024) });
const words = texts.code;
const SIGN_IN: PageAnswer = { to: '/auth/sign-in?note=code-late' };

/** The code that is asked for at sign-in, and switching that on and off. */
export function createSecondFactorRoutes(parts: LoginParts): Route[] {
  return [...codeRoutes(parts), ...setUpRoutes(parts), ...removeRoutes(parts)];
}

const limited = (error: unknown, page: (problem: string) => PageAnswer): PageAnswer => {
  if (!(error instanceof PlatformError) || error.code !== 'RATE_LIMITED') throw error;
  const retryAfterSec = error.retryAfterSec ?? 1;
  return { ...page(texts.signIn.tooMany(Math.ceil(retryAfterSec / 60))), retryAfterSec };
};

function codeRoutes(parts: LoginParts): Route[] {
  const { frame, halfWay, welcome, identifyBrowser, checkCode, attempts, log } = parts;
  return [
    definePage(
      {
        method: 'get',
        path: '/auth/code',
        summary: 'The page for the second step of signing in.',
        guard: 'none',
        query: z.object({ by }),
        form: none,
        handle: async ({ query, req }) => {
          if ((await halfWay.look(req.headers.cookie)) === undefined) return SIGN_IN;
          return { page: codePage({ isRecovery: query.by === 'recovery' }) };
        },
      },
      frame,
    ),
    definePage(
      {
        method: 'post',
        path: '/auth/code',
        summary: 'The second step of signing in: a code of the app, or a recovery code.',
        guard: 'none',
        query: none,
        form: codeForm,
        handle: async ({ form, req, res }) => {
          const isRecovery = form.by === 'recovery';
          const again = (problem: string, status: number): PageAnswer => ({
            page: codePage({ isRecovery, problem }),
            status,
          });
          const waiting = await halfWay.look(req.headers.cookie);
          if (waiting === undefined) return SIGN_IN;
          try {
            const isRight = await checkCode(waiting.userId, form.code, req);
            attempts.add({ at: 'code', outcome: isRight ? 'right' : 'refused' });
            if (!isRight) {
              log.info('sign-in refused', { method: 'code', user_id: waiting.userId });
              return again(words.wrong, 401);
            }
          } catch (error) {
            return limited(error, (problem) => again(problem, 429));
          }
          // Of two that bring a code for the same half-way mark one is let in.
          const passed = await halfWay.use(req.headers.cookie);
          if (passed === undefined) return SIGN_IN;
          const former = await identifyBrowser(req);
          await welcome({ req, res, former }, { userId: passed.userId, method: 'password+code' });
          res.append('Set-Cookie', halfWay.forget());
          return { to: passed.to };
        },
      },
      frame,
    ),
  ];
}

const grouped = (text: string): string => text.match(/.{1,4}/g)?.join(' ') ?? '';

function setUpRoutes(parts: LoginParts): Route[] {
  const { frame, secondFactor, identity, endStreams, checkPassword } = parts;
  const show = (account: AccountRow, secret: Buffer, problem?: string): PageAnswer => {
    const login = loginOf(account);
    const uri = otpauthUri({ issuer: parts.config.productName, login, secret });
    const view = { uri, login, secret: grouped(base32(secret)) };
    return {
      page: setUpPage(problem === undefined ? view : { ...view, problem }),
      status: problem === undefined ? 200 : 422,
    };
  };
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
          const codes = await secondFactor.confirm(account.user_id, form.code.replaceAll(/\s/g, ''));
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
  const { frame, secondFactor, checkCode, checkPassword } = parts;
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
          return { page: removePage({ login: loginOf(account) }) };
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
            page: removePage({ login: loginOf(account), problem }),
            status,
          });
          try {
            if (!(await checkPassword(account, form.password, req))) return again(texts.password.wrong);
            if (!(await checkCode(account.user_id, form.code, req))) return again(words.wrong);
          } catch (error) {
            return limited(error, (problem) => again(problem, 429));
          }
          await secondFactor.remove(account.user_id);
          return { to: '/auth/account' };
        },
      },
      frame,
    ),
  ];
}
