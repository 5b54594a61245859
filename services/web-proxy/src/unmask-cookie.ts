import { PlatformError } from '@switchyard/kernel';
import type { Renewals, TokenVault } from '@switchyard/identity';

export interface UnmaskParts {
  readonly vault: Pick<TokenVault, 'unmask'>;
  readonly renewals: Pick<Renewals, 'isRenewable'>;
  /** Where proxylogin answers; undefined: there is none, and a token that has run out is not made anew. */
  readonly loginUrl: string | undefined;
  readonly timeoutMs: number;
}

/**
 * The token behind a masked cookie; undefined: nobody is signed in with it. A token that has run out while its sign-in lives is made anew by
 * proxylogin first, once for all requests that arrive meanwhile. Throws UNAVAILABLE: a stack that is busy signs nobody out.
 */
export const createUnmask = (parts: UnmaskParts): ((cookie: string) => Promise<string | undefined>) => {
  const { vault, renewals, loginUrl } = parts;
  const underWay = new Map<string, Promise<void>>();

  const renew = async (cookie: string): Promise<void> => {
    const answer = await fetch(`${loginUrl}/internal/renew`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ cookie }),
      signal: AbortSignal.timeout(parts.timeoutMs),
    }).catch((error: unknown) => {
      throw PlatformError.of('UNAVAILABLE', 'The sign-in cannot be renewed right now.', { cause: error });
    });
    await answer.body?.cancel();
    if (!answer.ok) throw PlatformError.of('UNAVAILABLE', 'The sign-in cannot be renewed right now.');
  };

  const renewOnce = (cookie: string): Promise<void> => {
    const running = underWay.get(cookie) ?? renew(cookie).finally(() => underWay.delete(cookie));
    underWay.set(cookie, running);
    return running;
  };

  return async (cookie) => {
    const token = await vault.unmask(cookie);
    if (token !== undefined || loginUrl === undefined) return token;
    if (!(await renewals.isRenewable(cookie))) return undefined;
    await renewOnce(cookie);
    return vault.unmask(cookie);
  };
};
