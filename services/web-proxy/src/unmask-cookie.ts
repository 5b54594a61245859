import { PlatformError } from '@switchyard/kernel';
import type { Renewals, TokenVault } from '@switchyard/identity';
import type { UpstreamPool } from './upstream-pool.ts';

export interface UnmaskParts {
  readonly vault: Pick<TokenVault, 'unmask'>;
  readonly renewals: Pick<Renewals, 'isRenewable'>;
  /** Where proxylogin answers; undefined: there is none, and a token that has run out is not made anew. */
  readonly login: UpstreamPool | undefined;
  readonly timeoutMs: number;
}

const unavailable = (cause?: unknown): PlatformError =>
  PlatformError.of('UNAVAILABLE', 'The sign-in cannot be renewed right now.', { cause });

/**
 * The token behind a masked cookie; undefined: nobody is signed in with it. A token that has run out while its sign-in lives is made anew by
 * proxylogin first, once for all requests that arrive meanwhile. Throws UNAVAILABLE: a stack that is busy signs nobody out.
 */
export const createUnmask = (parts: UnmaskParts): ((cookie: string) => Promise<string | undefined>) => {
  const { vault, renewals, login } = parts;
  const underWay = new Map<string, Promise<void>>();

  const askLogin = async (cookie: string, pool: UpstreamPool): Promise<Response> => {
    const lease = pool.take();
    if (lease === undefined) throw unavailable();
    try {
      return await fetch(new URL('/internal/renew', lease.target), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ cookie }),
        signal: AbortSignal.timeout(parts.timeoutMs),
      });
    } catch (error) {
      // Whether it has renewed is not known; the next request finds out, at another one.
      lease.reportDown();
      throw unavailable(error);
    } finally {
      lease.release();
    }
  };

  const renew = async (cookie: string, pool: UpstreamPool): Promise<void> => {
    const answer = await askLogin(cookie, pool);
    await answer.body?.cancel();
    if (!answer.ok) throw unavailable();
  };

  const renewOnce = (cookie: string, pool: UpstreamPool): Promise<void> => {
    const running = underWay.get(cookie) ?? renew(cookie, pool).finally(() => underWay.delete(cookie));
    underWay.set(cookie, running);
    return running;
  };

  return async (cookie) => {
    const token = await vault.unmask(cookie);
    if (token !== undefined || login === undefined) return token;
    if (!(await renewals.isRenewable(cookie))) return undefined;
    await renewOnce(cookie, login);
    return vault.unmask(cookie);
  };
};
