import { createOneUseCodes } from '@switchyard/identity';
import type { AttemptLimits } from '@switchyard/admission';
import { hashHex } from '@switchyard/kernel';
import type { Ids } from '@switchyard/kernel';
import type { Keys, RedisConnection } from '@switchyard/redis';
import type { AccountRow, Accounts } from '@switchyard/store';
import type { LoginConfig } from '../env.ts';
import type { KnownBrowsers } from '../limits/known-browser.ts';
import { decideSubjects } from '../limits/sign-in-limits.ts';
import type { MailDesk } from '../mail/mail-desk.ts';
import { mailTexts } from '../mail/mail-texts.ts';
import { mayHavePassword } from './names-of-account.ts';
import { toLogin } from './sign-in-by-password.ts';

/** What a mailed link stands for. */
export type MailLink =
  | { readonly kind: 'reset'; readonly userId: string; readonly formerHash: string }
  | { readonly kind: 'join'; readonly mail: string };

export interface Asker {
  readonly address: string | undefined;
  readonly cookieHeader: string | undefined;
}

/** Links by mail. What is answered does not tell whether there is an account; the mail does, to the one who reads it. */
export interface MailLinks {
  /** Throws RATE_LIMITED for one who asks too often, and UNAVAILABLE when too many mails wait. */
  askReset(login: string, asker: Asker): Promise<void>;
  askJoin(mail: string, asker: Asker): Promise<void>;
  /** Looks, and leaves it in place: a mail scanner that follows links uses none up. */
  look(code: string): Promise<MailLink | undefined>;
  /** Of any number of callers one gets it. */
  use(code: string): Promise<MailLink | undefined>;
  tellChanged(account: AccountRow): void;
}

/** A link from before another change of the password is worth nothing; what it knows of the former one is a hash of its hash. */
export const formerHashOf = (passwordHash: string | null): string => hashHex(passwordHash ?? '');

const mailOf = ({ email, login }: AccountRow): string | undefined => {
  const mail = email ?? login ?? '';
  return mail.includes('@') ? mail : undefined;
};

export function createMailLinks(parts: {
  accounts: Pick<Accounts, 'findByLogin'>;
  desk: MailDesk;
  redis: RedisConnection;
  keys: Keys;
  ids: Ids;
  limits: AttemptLimits;
  known: KnownBrowsers;
  config: LoginConfig;
}): MailLinks {
  const { accounts, desk, redis, keys, ids, limits, known, config } = parts;
  const codes = createOneUseCodes<MailLink>({ redis, ids, keyOf: keys.authMail, ttlMs: config.mailLinkTtl });
  const minutes = Math.round(config.mailLinkTtl / 60_000);
  const rates = {
    attemptsOfAddress: config.mailsOfAddress,
    attemptsOfAccount: config.mailsOfAccount,
    attemptsOfBrowser: config.mailsOfAccount,
  };

  async function take(login: string, account: AccountRow | undefined, asker: Asker): Promise<void> {
    desk.requireRoom();
    const browserId = account && known.recognise(asker.cookieHeader, account.user_id);
    const attempt = { at: 'mail', account: login, address: asker.address, browserId };
    await limits.take(decideSubjects(attempt, rates));
  }

  const linkOf = async (path: string, link: MailLink): Promise<string> =>
    `${config.publicUrl}${path}?code=${await codes.make(link)}`;

  const resetLink = (account: AccountRow): Promise<string> => {
    const formerHash = formerHashOf(account.password_hash);
    return linkOf('/auth/reset', { kind: 'reset', userId: account.user_id, formerHash });
  };

  return {
    async askReset(text, asker) {
      const login = toLogin(text);
      const account = await accounts.findByLogin(login);
      await take(login, account, asker);
      const mail = account && mailOf(account);
      const isOpen = account?.disabled_at === null && mayHavePassword(account.user_id);
      if (mail === undefined || !isOpen) return;
      desk.post(async () => ({ to: mail, ...mailTexts.reset(await resetLink(account), minutes) }));
    },
    async askJoin(text, asker) {
      const mail = toLogin(text);
      const account = await accounts.findByLogin(mail);
      await take(mail, account, asker);
      if (account?.disabled_at instanceof Date) return;
      desk.post(async () => ({
        to: mail,
        ...(account === undefined
          ? mailTexts.join(await linkOf('/auth/join', { kind: 'join', mail }), minutes)
          : mailTexts.known(await resetLink(account), minutes)),
      }));
    },
    look: (code) => codes.look(code),
    use: (code) => codes.use(code),
    tellChanged(account) {
      const mail = mailOf(account);
      if (mail === undefined) return;
      desk.post(async () => ({ to: mail, ...mailTexts.changed(`${config.publicUrl}/auth/forgot`) }));
    },
  };
}
