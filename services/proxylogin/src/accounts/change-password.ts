import type { AccountRow, Accounts } from '@switchyard/store';
import { isUniqueViolation } from '@switchyard/store';
import type { PasswordRule, PasswordVerdict } from '../passwords/decide-password.ts';
import type { PasswordHasher } from '../passwords/password-hasher.ts';
import type { TakeAttempt } from '../limits/sign-in-limits.ts';
import type { MailLinks } from './mail-links.ts';
import { toLogin } from './sign-in-by-password.ts';

export interface PasswordChange {
  readonly account: AccountRow;
  /** Needed where there is one. */
  readonly current: string | undefined;
  readonly password: string;
  readonly again: string;
  readonly address: string | undefined;
  readonly browserId: string | undefined;
}

export type PasswordRefusal = PasswordVerdict | 'unlike' | 'wrong' | 'late' | 'taken' | 'elsewhere';

/** Users of an issuer are proven there; a password here would let them in after they were switched off there. */
export const mayHavePassword = (userId: string): boolean => !userId.includes(':');

/** What somebody signs in with who has had no name for it yet. */
export const loginOf = (account: AccountRow): string =>
  toLogin(account.login ?? account.email ?? account.username ?? account.user_id);

/** What an attacker tries first at this account. */
export const namesOf = ({ user_id, login, username, email }: AccountRow) => [user_id, login, username, email];

/** Undefined: it is changed. Throws RATE_LIMITED for one who guesses at the current one. */
export function createChangePassword(parts: {
  accounts: Pick<Accounts, 'setPassword'>;
  hasher: PasswordHasher;
  take: TakeAttempt;
  rule: PasswordRule;
  mail: Pick<MailLinks, 'tellChanged'> | undefined;
}) {
  const { accounts, mail, hasher, take, rule } = parts;
  return async (change: PasswordChange): Promise<PasswordRefusal | undefined> => {
    const { account, current = '', password, again, address, browserId } = change;
    if (!mayHavePassword(account.user_id)) return 'elsewhere';
    const verdict = rule.decide(password, namesOf(account));
    if (verdict !== undefined) return verdict;
    if (password !== again) return 'unlike';
    if (account.password_hash !== null) {
      const giveBack = await take({ at: 'password', account: loginOf(account), address, browserId });
      if (!(await hasher.verify(current, account.password_hash))) return 'wrong';
      await giveBack();
    }
    const hash = await hasher.hash(password);
    try {
      const login = account.login === null ? loginOf(account) : undefined;
      const changed = await accounts.setPassword(account.user_id, hash, account.password_hash, login);
      if (changed === undefined) return 'late';
      if (account.password_hash !== null) mail?.tellChanged(changed);
      return undefined;
    } catch (error) {
      if (isUniqueViolation(error)) return 'taken';
      throw error;
    }
  };
}
