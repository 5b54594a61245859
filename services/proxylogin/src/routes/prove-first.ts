import type { Request } from 'express';
import { PlatformError } from '@switchyard/kernel';
import { mayHavePassword } from '../accounts/names-of-account.ts';
import type { LoginParts } from '../build-parts.ts';
import type { PageContent } from '../pages/layout.ts';
import { texts } from '../pages/texts.ts';
import type { PageAnswer } from './define-page.ts';
import { limitedAnswer } from './limited-answer.ts';
import type { readOwn } from './read-own.ts';

type Own = Awaited<ReturnType<typeof readOwn>>;
type Parts = Pick<LoginParts, 'identity' | 'oidc' | 'checkPassword'>;

/**
 * What is answered in place of what was asked for; undefined: go on. A sign-in that is not fresh any more may be in other hands: its owner
 * shows his password, or goes to the issuer and comes back with a new one. Who has come by a one-time link alone has nothing to show.
 */
export async function proveFirst(
  { identity, oidc, checkPassword }: Parts,
  { caller, account }: Own,
  { password, req }: { password: string | undefined; req: Request },
  page: (problem?: string) => PageContent,
): Promise<PageAnswer | undefined> {
  if (await identity.signIns.isFresh(caller.userId, caller.signInId)) return undefined;
  if (oidc !== undefined && !mayHavePassword(account.user_id))
    return { to: `/auth/oidc/start?to=${encodeURIComponent('/auth/account')}` };
  if (account.password_hash === null) return undefined;
  const error = PlatformError.of('FORBIDDEN', texts.prove.lead, { errorType: 'auth.prove_again' });
  if (password === undefined) return { page: page(), error };
  try {
    if (await checkPassword(account, password, req)) return undefined;
    return { page: page(texts.password.wrong), status: 422, error };
  } catch (thrown) {
    return limitedAnswer(thrown, (problem) => ({ page: page(problem), status: 429 }));
  }
}
