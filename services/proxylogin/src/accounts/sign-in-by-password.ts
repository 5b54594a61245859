import type { AccountRow, Accounts } from '@switchyard/store';
import type { KnownBrowsers } from '../limits/known-browser.ts';
import type { TakeAttempt } from '../limits/sign-in-limits.ts';
import type { PasswordHasher } from '../passwords/password-hasher.ts';

export interface PasswordAttempt {
  readonly login: string;
  readonly password: string;
  readonly address: string | undefined;
  readonly cookieHeader: string | undefined;
}

/** Undefined: name and password do not fit, whatever the reason. Throws RATE_LIMITED, and UNAVAILABLE when too many sign in at once. */
export type SignInByPassword = (attempt: PasswordAttempt) => Promise<AccountRow | undefined>;

/** How a name is kept and looked for. */
export const toLogin = (text: string): string => text.trim().normalize('NFKC').toLowerCase();

export function createSignInByPassword(parts: {
  accounts: Pick<Accounts, 'findByLogin' | 'keepAnew'>;
  hasher: PasswordHasher;
  known: KnownBrowsers;
  take: TakeAttempt;
}): SignInByPassword {
  const { accounts, hasher, known, take } = parts;

  /** The master key was replaced since the hash was made. Undefined: not this time; the former hash works on. */
  async function keepAnew({ user_id: userId, password_hash: former }: AccountRow, password: string) {
    if (former === null) return undefined;
    try {
      return await accounts.keepAnew(userId, await hasher.hash(password), former);
    } catch {
      // Too many sign in right now: the next sign-in tries again.
      return undefined;
    }
  }

  return async ({ login: text, password, address, cookieHeader }) => {
    const login = toLogin(text);
    const account = await accounts.findByLogin(login);
    // A name that nobody has is counted like one that somebody has: the limit tells no more than the answer does.
    const giveBack = await take({
      at: 'password',
      account: login,
      address,
      browserId: account && known.recognise(cookieHeader, account.user_id),
    });
    const fit = await hasher
      .verify(password, account?.password_hash ?? null)
      .catch(async (error: unknown) => {
        await giveBack();
        throw error;
      });
    if (fit === false || account === undefined || account.disabled_at !== null) return undefined;
    await giveBack();
    const renewed = fit === 'former' ? await keepAnew(account, password) : undefined;
    return renewed ?? account;
  };
}
