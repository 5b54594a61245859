import type { Request } from 'express';
import type { Caller, Identity } from '@switchyard/identity';
import { PlatformError } from '@switchyard/kernel';

/** Who is signed in in this browser. web-proxy has put the token in the cookie's place. Undefined: nobody. */
export type IdentifyBrowser = (req: Request) => Promise<Caller | undefined>;

export function createIdentifyBrowser(identity: Pick<Identity, 'identify'>): IdentifyBrowser {
  return async (req) => {
    if (req.headers.authorization === undefined) return undefined;
    try {
      const caller = await identity.identify({ headers: req.headers, allowQueryToken: false });
      return caller.kind === 'user' ? caller : undefined;
    } catch (error) {
      // A page for signing in must not be refused to somebody whose token is not good any more.
      if (error instanceof PlatformError && error.status === 401) return undefined;
      throw error;
    }
  };
}

export const requireBrowser = async (identify: IdentifyBrowser, req: Request) => {
  const caller = await identify(req);
  // A token of a script is no sign-in: it must not become one, and has nothing to end.
  if (caller?.signInId === undefined) throw PlatformError.of('USER_REQUIRED');
  return { ...caller, signInId: caller.signInId };
};
