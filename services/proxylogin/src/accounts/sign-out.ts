import type { Request, Response } from 'express';
import type { Caller, Identity } from '@switchyard/identity';
import type { Log } from '@switchyard/telemetry';
import type { OidcParts } from '../oidc/create-oidc-parts.ts';
import type { IdentifyBrowser } from '../routes/identify-browser.ts';

export interface SignedOut {
  /** Where the browser goes then: a page of ours, or the issuer's for ending the sign-in there. */
  readonly to: string;
  /** False: nobody was signed in. */
  readonly isEnded: boolean;
}

export type SignOut = (req: Request, res: Response) => Promise<SignedOut>;

const HERE = '/auth/sign-in?note=signed-out';

/** Ends the sign-in of this browser, its cookies, and the streams of its session; those who are signed in elsewhere come back. */
export function createSignOut(parts: {
  identity: Pick<Identity, 'logout' | 'signIns'>;
  identifyBrowser: IdentifyBrowser;
  endStreams: (userId: string) => Promise<void>;
  oidc: Pick<OidcParts, 'issuer' | 'hints'> | undefined;
  log: Log;
}): SignOut {
  const { identity, identifyBrowser, endStreams, oidc, log } = parts;

  /** An issuer that is away keeps nobody signed in here. */
  async function issuerPage({ userId, signInId }: Caller): Promise<string> {
    if (oidc === undefined || signInId === undefined) return HERE;
    const row = await identity.signIns.find(userId, signInId);
    if (row === undefined || row.provider === null) return HERE;
    try {
      return (await oidc.issuer.logoutUrl(oidc.hints.open(userId, row.logout_hint)))?.href ?? HERE;
    } catch (error) {
      log.warn('nobody could be signed out at the issuer', { error });
      return HERE;
    }
  }

  return async (req, res) => {
    const caller = await identifyBrowser(req);
    if (caller === undefined) return { to: HERE, isEnded: false };
    const to = await issuerPage(caller);
    const { invalidated, setCookies } = await identity.logout(caller);
    for (const cookie of setCookies) res.append('Set-Cookie', cookie);
    await endStreams(caller.userId);
    return { to, isEnded: invalidated };
  };
}
