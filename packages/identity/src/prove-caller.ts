import { PlatformError } from '@switchyard/kernel';
import { decideUserType } from '@switchyard/protocol';
import type { RoleNames } from '@switchyard/protocol';
import type { Proven } from './caller.ts';
import type { LocalTokens } from './local-tokens.ts';
import type { OneUseCodes } from './one-use-codes.ts';
import type { Credentials } from './read-credentials.ts';
import type { SessionStore } from './session-store.ts';
import type { Claims } from './token-claims.ts';

/** Turns credentials into who they prove. Undefined: there were none. Throws BAD_TOKEN or TOKEN_EXPIRED for bad ones. */
export function createProver(parts: {
  tokens: LocalTokens;
  tickets: OneUseCodes<Proven>;
  sessions: SessionStore;
  names: RoleNames;
}): (given: Credentials) => Promise<Proven | undefined> {
  const { tokens, tickets, sessions, names } = parts;

  /** Of a token that was proven before, nothing is new: its claims are the same object then. */
  const ofAccess = new WeakMap<Claims, Proven>();
  function fromAccess(access: Claims): Proven {
    const known = ofAccess.get(access);
    if (known !== undefined) return known;
    const proven = Object.freeze(fromClaims(access, undefined));
    ofAccess.set(access, proven);
    return proven;
  }

  function fromClaims(access: Claims, id: Claims | undefined): Proven {
    const username = access.username ?? id?.username;
    return {
      kind: 'user',
      userId: access.sub,
      userType: decideUserType(access.roles, names),
      roles: access.roles,
      permissions: access.permissions,
      sessionId: sessions.idOf('user', access.sub),
      expiresAt: access.exp * 1000,
      ...(username === undefined ? {} : { username }),
      ...(access.sid === undefined ? {} : { signInId: access.sid }),
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
    const access = await tokens.verify(given.accessToken, 'access');
    if (given.idToken === undefined) return fromAccess(access);
    const id = await tokens.verify(given.idToken, 'id');
    if (id.sub !== access.sub) throw PlatformError.of('BAD_TOKEN');
    return fromClaims(access, id);
  };
}
