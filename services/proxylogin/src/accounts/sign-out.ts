import type { Request, Response } from 'express';
import type { Identity } from '@switchyard/identity';
import type { IdentifyBrowser } from '../routes/identify-browser.ts';

export interface SignedOut {
  /** Where the browser goes then: a page of ours, or the issuer's for ending the sign-in there. */
  readonly to: string;
  /** False: nobody was signed in. */
  readonly isEnded: boolean;
}

export type SignOut = (req: Request, res: Response) => Promise<SignedOut>;

/** Ends the sign-in of this browser, its cookies, and the streams of its session; those who are signed in elsewhere come back. */
export function createSignOut(parts: {
  identity: Pick<Identity, 'logout'>;
  identifyBrowser: IdentifyBrowser;
  endStreams: (userId: string) => Promise<void>;
}): SignOut {
  const { identity, identifyBrowser, endStreams } = parts;
  return async (req, res) => {
    const to = '/auth/sign-in?note=signed-out';
    const caller = await identifyBrowser(req);
    if (caller === undefined) return { to, isEnded: false };
    const { invalidated, setCookies } = await identity.logout(caller);
    for (const cookie of setCookies) res.append('Set-Cookie', cookie);
    await endStreams(caller.userId);
    return { to, isEnded: invalidated };
  };
}
