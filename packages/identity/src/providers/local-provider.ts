import type { LocalTokens } from '../local-tokens.ts';
import type { Claims } from '../token-claims.ts';
import type { TokenIdentity, TokenProvider } from './token-provider.ts';

const identityOf = ({ sub, sid, exp, username, email, roles, permissions }: Claims): TokenIdentity => ({
  userId: sub,
  signInId: sid,
  expiresAtSec: exp,
  username,
  email,
  roles,
  permissions,
});

/** The platform's own tokens. */
export function createLocalProvider(tokens: LocalTokens, issuer: string): TokenProvider {
  return {
    name: 'local',
    recognises: (token) => token.issuer === issuer,
    known(token, use) {
      const claims = tokens.known(token, use);
      return claims === undefined ? undefined : identityOf(claims);
    },
    prove: async (token, use) => identityOf(await tokens.verify(token, use)),
  };
}
