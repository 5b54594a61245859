import type { JWTPayload } from 'jose';
import type { IdentityConfig } from '../identity-settings.ts';
import { claimNames } from './create-providers.ts';
import { OIDC, identityOf } from './oidc-provider.ts';
import { externalUserId } from './read-claims.ts';

export interface IssuerIdentity {
  readonly userId: string;
  readonly username: string | undefined;
  readonly email: string | undefined;
  /** Full names, with the prefix. */
  readonly roles: readonly string[];
}

/** Who somebody is here of whom the issuer of OIDC_ISSUER said these claims. Throws BAD_TOKEN for a subject that no user can have. */
export function readIssuerIdentity(
  claims: Readonly<JWTPayload> & { readonly sub: string },
  config: IdentityConfig,
): IssuerIdentity {
  const { userId, username, email, roles } = identityOf({ ...claims, exp: 0 }, claimNames(config));
  return { userId, username, email, roles };
}

export const issuerUserId = (subject: string): string => externalUserId(OIDC, subject);
