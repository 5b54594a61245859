import type { AccountRow } from '@switchyard/store';
import { toLogin } from './sign-in-by-password.ts';

/** Users of an issuer are proven there; a password here would let them in after they were switched off there. */
export const mayHavePassword = (userId: string): boolean => !userId.includes(':');

/** What somebody signs in with who has had no name for it yet. */
export const loginOf = (account: AccountRow): string =>
  toLogin(account.login ?? account.email ?? account.username ?? account.user_id);

/** What an attacker tries first at this account. */
export const namesOf = ({ user_id, login, username, email }: AccountRow) => [user_id, login, username, email];
