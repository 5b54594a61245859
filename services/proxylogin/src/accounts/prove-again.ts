import type { Request } from 'express';
import type { AccountRow, Accounts } from '@switchyard/store';
import type { KnownBrowsers } from '../limits/known-browser.ts';
import type { TakeAttempt } from '../limits/sign-in-limits.ts';
import type { PasswordHasher } from '../passwords/password-hasher.ts';
import { loginOf } from './names-of-account.ts';
import type { SecondFactor } from './second-factor.ts';

/** Guesses at a password or a code of an account that is named already. Both throw RATE_LIMITED. */
export function createProveAgain(parts: {
  accounts: Pick<Accounts, 'find'>;
  hasher: PasswordHasher;
  secondFactor: Pick<SecondFactor, 'check'>;
  known: KnownBrowsers;
  take: TakeAttempt;
}) {
  const { accounts, hasher, secondFactor, known, take } = parts;
  const begin = (at: string, account: AccountRow, req: Request) =>
    take({
      at,
      account: loginOf(account),
      address: req.ip,
      browserId: known.recognise(req.headers.cookie, account.user_id),
    });
  return {
    async checkPassword(account: AccountRow, password: string, req: Request): Promise<boolean> {
      const giveBack = await begin('password', account, req);
      const isRight = (await hasher.verify(password, account.password_hash)) !== false;
      if (isRight) await giveBack();
      return isRight;
    },
    async checkCode(userId: string, code: string, req: Request): Promise<boolean> {
      const account = await accounts.find(userId);
      if (account === undefined || account.disabled_at !== null) return false;
      const giveBack = await begin('code', account, req);
      const isRight = (await secondFactor.check(account, code)) !== undefined;
      if (isRight) await giveBack();
      return isRight;
    },
  };
}
