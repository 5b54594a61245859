import { PlatformError } from '@switchyard/kernel';
import { decideUserType } from '@switchyard/protocol';
import type { RoleNames } from '@switchyard/protocol';
import type { Proven } from './caller.ts';
import type { OneUseCodes } from './one-use-codes.ts';
import type { Credentials } from './read-credentials.ts';
import type { SessionStore } from './session-store.ts';
import type { ProveToken } from './providers/create-providers.ts';
import type { TokenIdentity } from './providers/token-provider.ts';

/** Turns credentials into who they prove. Undefined: there were none. Throws BAD_TOKEN or TOKEN_EXPIRED for bad ones. */
export function createProver(parts: {
  proveToken: ProveToken;
  tickets: OneUseCodes<Proven>;
  sessions: SessionStore;
  names: RoleNames;
}): (given: Credentials) => Promise<Proven | undefined> {
  const { proveToken, tickets, sessions, names } = parts;

  function fromIdentity(access: TokenIdentity, id: TokenIdentity | undefined): Proven {
    const username = access.username ?? id?.username;
    return {
      kind: 'user',
      userId: access.userId,
      userType: decideUserType(access.roles, names),
      roles: access.roles,
      permissions: access.permissions,
      sessionId: sessions.idOf('user', access.userId),
      expiresAt: access.expiresAtSec * 1000,
      ...(username === undefined ? {} : { username }),
      ...(access.signInId === undefined ? {} : { signInId: access.signInId }),
    };
  }

  return async (given) => {
    if (given.ticket !== undefined) {
      const proven = await tickets.use(given.ticket);
      if (proven !== undefined) return proven;
      throw PlatformError.of('BAD_TOKEN', 'The stream ticket was used already or has run out.');
    }
    if (given.accessToken === undefined && given.idToken === undefined) return undefined;
    // An id token says who somebody is, not that they may come in; with an access token it must be the same person's.
    if (given.accessToken === undefined) throw PlatformError.of('BAD_TOKEN');
    const access = await proveToken(given.accessToken, 'access');
    const id = given.idToken === undefined ? undefined : await proveToken(given.idToken, 'id');
    if (id !== undefined && (id.user.userId !== access.user.userId || id.provider !== access.provider))
      throw PlatformError.of('BAD_TOKEN');
    return fromIdentity(access.user, id?.user);
  };
}
