import { PlatformError } from '@switchyard/kernel';
import type { JWTPayload } from 'jose';
import { userIdSchema } from '../token-claims.ts';
import { externalUserId, rolesOf, textClaim } from './read-claims.ts';
import type { ClaimNames } from './read-claims.ts';
import type { TokenIdentity, TokenProvider } from './token-provider.ts';
import type { VerifyExternal } from './verify-external.ts';

export interface OidcProviderParts {
  readonly issuer: string;
  /** Of access tokens; empty: no token of the issuer is taken as a credential, and people sign in by the page alone. */
  readonly audiences: readonly string[];
  /** Of id tokens. */
  readonly clientId: string;
  readonly verify: VerifyExternal;
  readonly claims: ClaimNames;
}

export const OIDC = 'oidc';

/** What kinds of tokens call themselves where an access token is asked for: Keycloak in `typ`, Cognito in `token_use`. */
const NO_ACCESS_TOKEN = new Set(['ID', 'Refresh', 'Offline', 'Logout', 'id', 'refresh']);

/** Access tokens of an issuer, sent by clients that signed in there themselves. */
export function createOidcProvider(parts: OidcProviderParts): TokenProvider {
  const { issuer, audiences, clientId, verify, claims } = parts;

  async function proveAccess(token: string): Promise<JWTPayload & { exp: number; sub: string }> {
    if (audiences.length === 0) throw PlatformError.of('BAD_TOKEN');
    // Cognito's access tokens have no audience but the client's id in a claim of its own: so it is compared here, both ways.
    const payload = await verify(token, undefined);
    const { aud } = payload;
    const named = aud === undefined ? [payload['client_id']] : Array.isArray(aud) ? aud : [aud];
    const isForUs = named.some((name) => typeof name === 'string' && audiences.includes(name));
    if (!isForUs || !isAccessToken(payload)) throw PlatformError.of('BAD_TOKEN');
    return payload;
  }

  return {
    name: OIDC,
    recognises: (token) => token.issuer === issuer,
    async prove(token, use) {
      if (use === 'access') return identityOf(await proveAccess(token), claims);
      if (clientId === '') throw PlatformError.of('BAD_TOKEN');
      return identityOf(await verify(token, [clientId]), claims);
    },
  };
}

/** An id token says who somebody is, not that they may come in. */
function isAccessToken(payload: JWTPayload): boolean {
  if (payload['nonce'] !== undefined || payload['at_hash'] !== undefined) return false;
  return ![payload['typ'], payload['token_use']].some(
    (kind) => typeof kind === 'string' && NO_ACCESS_TOKEN.has(kind),
  );
}

/** Throws BAD_TOKEN for a subject that no user can have. */
export function identityOf(
  payload: JWTPayload & { exp: number; sub: string },
  names: ClaimNames,
): TokenIdentity {
  const userId = userIdSchema.safeParse(externalUserId(OIDC, payload.sub));
  if (!userId.success) throw PlatformError.of('BAD_TOKEN');
  return {
    userId: userId.data,
    username: textClaim(payload, names.usernameClaim, 'preferred_username', 'name', 'email'),
    email: textClaim(payload, 'email'),
    roles: rolesOf(payload, names),
    permissions: [],
    expiresAtSec: payload.exp,
  };
}
