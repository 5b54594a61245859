import type { Route } from '@switchyard/http';
import { PlatformError } from '@switchyard/kernel';
import { z } from 'zod';
import type { LoginParts } from '../build-parts.ts';
import { askPage, linkPage, mailedPage } from '../pages/mail-pages.ts';
import { texts } from '../pages/texts.ts';
import { definePage } from './define-page.ts';
import type { PageAnswer } from './define-page.ts';
import { refusePassword } from './refuse-password.ts';

const none = z.object({});
const code = z
  .string()
  .regex(/^[\w-]{43}$/)
  .catch('');
const linkQuery = z.object({ code });
const askForm = z.object({ login: z.string().max(320) });
const linkForm = z.object({
  code,
  name: z.string().trim().max(100).optional(),
  password: z.string().max(1024),
  again: z.string().max(1024),
});
const mailSchema = z.email();
const words = texts.mail;

/** Reset and sign-up by a mailed link; only where mail is sent. */
export function createMailRoutes(parts: LoginParts): Route[] {
  const { mail, config } = parts;
  if (mail === undefined || !config.passwordsAllowed) return [];
  const parted = { ...parts, mail };
  return [
    ...askRoutes(parted),
    ...linkRoutes(parted),
    ...(config.signUpAllowed ? [...joinAskRoutes(parted), ...joinRoutes(parted)] : []),
  ];
}

type MailParts = LoginParts & { mail: NonNullable<LoginParts['mail']> };

/** Asks and says the same thing to everybody; who asks too often is told to look into his mailbox. */
async function ask(run: () => Promise<void>): Promise<PageAnswer> {
  try {
    await run();
    return { page: mailedPage() };
  } catch (error) {
    if (!(error instanceof PlatformError) || error.code !== 'RATE_LIMITED') throw error;
    return { page: mailedPage(words.tooMany), status: 429, retryAfterSec: error.retryAfterSec };
  }
}

function askRoutes({ frame, mail }: MailParts): Route[] {
  return [
    definePage(
      {
        method: 'get',
        path: '/auth/forgot',
        summary: 'The page for asking for a new password.',
        guard: 'none',
        query: none,
        form: none,
        handle: async () => ({ page: askPage('forgot') }),
      },
      frame,
    ),
    definePage(
      {
        method: 'post',
        path: '/auth/forgot',
        summary:
          'Mails a link for choosing a new password, if there is such an account; the answer does not tell.',
        guard: 'none',
        query: none,
        form: askForm,
        handle: ({ form, req }) =>
          ask(() => mail.askReset(form.login, { address: req.ip, cookieHeader: req.headers.cookie })),
      },
      frame,
    ),
  ];
}

function linkRoutes(parts: MailParts): Route[] {
  const { frame, mail, known, endStreams } = parts;
  const minCharacters = parts.config.passwordMinCharacters;
  const isOver: PageAnswer = { page: askPage('forgot', words.over), status: 410 };
  return [
    definePage(
      {
        method: 'get',
        path: '/auth/reset',
        summary: 'The page of a mailed link; looking at it does not use it up.',
        guard: 'none',
        query: linkQuery,
        form: none,
        handle: async ({ query }) => {
          if ((await mail.look(query.code))?.kind !== 'reset') return isOver;
          return { page: linkPage({ kind: 'reset', code: query.code, minCharacters }) };
        },
      },
      frame,
    ),
    definePage(
      {
        method: 'post',
        path: '/auth/reset',
        summary: 'Sets the password by a mailed link, once, and ends every sign-in.',
        guard: 'none',
        query: none,
        form: linkForm,
        handle: async ({ form, res }) => {
          const outcome = await mail.resetPassword(form);
          if (outcome === 'over') return isOver;
          if (typeof outcome === 'string')
            return refusePassword(outcome, minCharacters, (problem) =>
              linkPage({ kind: 'reset', code: form.code, minCharacters, problem }),
            );
          await endStreams(outcome.user_id);
          // Who reads the mail of the account is its owner, as far as attempts go; the second factor is asked for all the same.
          res.append('Set-Cookie', known.remember(outcome.user_id));
          return { to: '/auth/sign-in?note=changed' };
        },
      },
      frame,
    ),
  ];
}

function joinAskRoutes({ frame, mail, config }: MailParts): Route[] {
  const isWelcome = (address: string): boolean =>
    config.signUpDomains.length === 0 || config.signUpDomains.includes(address.split('@').at(-1) ?? '');
  return [
    definePage(
      {
        method: 'get',
        path: '/auth/sign-up',
        summary: 'The page for signing up.',
        guard: 'none',
        query: none,
        form: none,
        handle: async () => ({ page: askPage('sign-up') }),
      },
      frame,
    ),
    definePage(
      {
        method: 'post',
        path: '/auth/sign-up',
        summary: 'Mails a link for signing up; the answer does not tell whether there is an account.',
        guard: 'none',
        query: none,
        form: askForm,
        handle: async ({ form, req }) => {
          const address = form.login.trim().toLowerCase();
          if (!mailSchema.safeParse(address).success)
            return { page: askPage('sign-up', words.noMail), status: 422 };
          if (!isWelcome(address)) return { page: askPage('sign-up', words.otherDomain), status: 422 };
          return ask(() => mail.askJoin(address, { address: req.ip, cookieHeader: req.headers.cookie }));
        },
      },
      frame,
    ),
  ];
}

function joinRoutes(parts: MailParts): Route[] {
  const { frame, mail, enter } = parts;
  const minCharacters = parts.config.passwordMinCharacters;
  const isOver: PageAnswer = { page: askPage('sign-up', words.over), status: 410 };
  return [
    definePage(
      {
        method: 'get',
        path: '/auth/join',
        summary: 'The page of a mailed sign-up link; looking at it does not use it up.',
        guard: 'none',
        query: linkQuery,
        form: none,
        handle: async ({ query }) => {
          const link = await mail.look(query.code);
          if (link?.kind !== 'join') return isOver;
          return { page: linkPage({ kind: 'join', code: query.code, mail: link.mail, minCharacters }) };
        },
      },
      frame,
    ),
    definePage(
      {
        method: 'post',
        path: '/auth/join',
        summary: 'Makes the account of a sign-up link, once, and signs the browser in.',
        guard: 'none',
        query: none,
        form: linkForm,
        handle: async ({ form, req, res }) => {
          const outcome = await mail.join(form);
          if (outcome === 'over') return isOver;
          if (typeof outcome === 'string') {
            const link = await mail.look(form.code);
            const address = link?.kind === 'join' ? link.mail : undefined;
            const typed = { code: form.code, mail: address, name: form.name };
            return refusePassword(outcome, minCharacters, (problem) =>
              linkPage({ kind: 'join', ...typed, minCharacters, problem }),
            );
          }
          return { to: await enter({ req, res }, outcome, '/') };
        },
      },
      frame,
    ),
  ];
}
