import type { AccountRow, Accounts } from '@switchyard/store';
import { isUniqueViolation } from '@switchyard/store';
import type { PasswordRule, PasswordVerdict } from '../passwords/decide-password.ts';
import type { PasswordHasher } from '../passwords/password-hasher.ts';
import type { TakeAttempt } from '../limits/sign-in-limits.ts';
import { mayHavePassword, loginOf, namesOf } from './names-of-account.ts';
import type { MailLinks } from './mail-links.ts';

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
