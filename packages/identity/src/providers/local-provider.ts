import type { LocalTokens } from '../local-tokens.ts';
import type { TokenProvider } from './token-provider.ts';

/** The platform's own tokens. */
export function createLocalProvider(tokens: LocalTokens, issuer: string): TokenProvider {
  return {
    name: 'local',
    recognises: (token) => token.issuer === issuer,
    async prove(token, use) {
      const { sub, sid, exp, username, email, roles, permissions } = await tokens.verify(token, use);
      return { userId: sub, signInId: sid, expiresAtSec: exp, username, email, roles, permissions };
    },
  };
}
