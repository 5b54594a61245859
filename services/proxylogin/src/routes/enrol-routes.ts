import type { Request } from 'express';
import type { Route } from '@switchyard/http';
import { z } from 'zod';
import type { LoginParts } from '../build-parts.ts';
import { recoveryPage } from '../pages/code-pages.ts';
import { texts } from '../pages/texts.ts';
import { BEGIN_AGAIN, codeText, onlyDigits } from './code-form.ts';
import { definePage } from './define-page.ts';
import { createShowSecret } from './show-secret.ts';

const none = z.object({});

/** At signing in, where a second factor is required and there is none: the half-way mark says whose. */
export function createEnrolRoutes(parts: LoginParts): Route[] {
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
          if (found === undefined) return BEGIN_AGAIN;
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
        form: z.object({ code: codeText }),
        handle: async ({ form, req, res }) => {
          const found = await pending(req);
          if (found === undefined) return BEGIN_AGAIN;
          const { account, secret } = found;
          if (secret === undefined) return { to: '/auth/code' };
          const codes = await secondFactor.confirm(account.user_id, onlyDigits(form.code));
          if (codes === undefined) return show(account, secret, texts.code.wrong);
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
