import type { Request } from 'express';
import type { Route } from '@switchyard/http';
import type { AccountRow } from '@switchyard/store';
import { z } from 'zod';
import { loginOf } from '../accounts/names-of-account.ts';
import { base32, otpauthUri } from '../accounts/totp.ts';
import type { LoginParts } from '../build-parts.ts';
import { codePage, recoveryPage, removePage, setUpPage } from '../pages/code-pages.ts';
import { texts } from '../pages/texts.ts';
import { definePage } from './define-page.ts';
import type { PageAnswer } from './define-page.ts';
import { limitedAnswer as limited } from './limited-answer.ts';
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
  return [...codeRoutes(parts), ...enrolRoutes(parts), ...setUpRoutes(parts), ...removeRoutes(parts)];
}

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

function createShowSecret(issuer: string, isEnrolling: boolean) {
  return (account: AccountRow, secret: Buffer, problem?: string): PageAnswer => {
    const login = loginOf(account);
    const uri = otpauthUri({ issuer, login, secret });
    const view = { uri, login, secret: grouped(base32(secret)), isEnrolling };
    return {
      page: setUpPage(problem === undefined ? view : { ...view, problem }),
      status: problem === undefined ? 200 : 422,
    };
  };
}

const onlyDigits = (text: string): string => text.replaceAll(/\s/g, '');

/** At signing in, where a second factor is required and there is none: the half-way mark says whose. */
function enrolRoutes(parts: LoginParts): Route[] {
  const { frame, halfWay, secondFactor, accounts, welcome, identifyBrowser, endStreams, identity } = parts;
  const show = createShowSecret(parts.config.productName, true);
  const pending = async (req: Request) => {
    const waiting = await halfWay.look(req.headers.cookie);
    const account = waiting && (await accounts.find(waiting.userId));
    if (waiting === undefined || account === undefined || account.disabled_at !== null) return undefined;
    return { to: waiting.to, account, secret: await secondFactor.pending(account) };
  };
  return [
    definePage(
      {
        method: 'get',
        path: '/auth/enrol',
        summary: 'The page for setting up a second factor while signing in, where one is required.',
        guard: 'none',
        query: none,
        form: none,
        handle: async ({ req }) => {
          const found = await pending(req);
          if (found === undefined) return SIGN_IN;
          return found.secret === undefined ? { to: '/auth/code' } : show(found.account, found.secret);
        },
      },
      frame,
    ),
    definePage(
      {
        method: 'post',
        path: '/auth/enrol',
        summary: 'Switches the second factor on, shows the recovery codes once, and signs the browser in.',
        guard: 'none',
        query: none,
        form: z.object({ code }),
        handle: async ({ form, req, res }) => {
          const found = await pending(req);
          if (found === undefined) return SIGN_IN;
          const { account, secret } = found;
          if (secret === undefined) return { to: '/auth/code' };
          const codes = await secondFactor.confirm(account.user_id, onlyDigits(form.code));
          if (codes === undefined) return show(account, secret, words.wrong);
          await identity.signIns.endAll(account.user_id);
          await endStreams(account.user_id);
          const passed = await halfWay.use(req.headers.cookie);
          if (passed !== undefined) {
            const former = await identifyBrowser(req);
            await welcome({ req, res, former }, { userId: account.user_id, method: 'password+code' });
            res.append('Set-Cookie', halfWay.forget());
          }
          // Also for one whose mark ran out meanwhile: nobody can see the codes again.
          return { page: recoveryPage(codes, passed?.to ?? '/auth/sign-in') };
        },
      },
      frame,
    ),
  ];
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
