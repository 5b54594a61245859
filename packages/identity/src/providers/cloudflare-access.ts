import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import type { JWTPayload } from 'jose';
import { userIdSchema } from '../token-claims.ts';
import { createIssuerKeys } from './issuer-keys.ts';
import type { IssuerKeyOptions } from './issuer-keys.ts';
import { externalUserId, rolesOf, textClaim } from './read-claims.ts';
import type { ClaimNames } from './read-claims.ts';
import type { TokenProvider } from './token-provider.ts';
import { createExternalVerifier } from './verify-external.ts';

export const CLOUDFLARE_ACCESS = 'cloudflare-access';
/** In which Cloudflare passes its token on; a reader that takes it must be reachable through Cloudflare alone, or verify it. */
export const ACCESS_HEADER = 'cf-access-jwt-assertion';

export interface AccessPolicy {
  /** `https://<team>.cloudflareaccess.com`, no slash at its end. */
  readonly issuer: string;
  /** Application audience tags; one must match. */
  readonly audiences: readonly string[];
  /** Absent: `<issuer>/cdn-cgi/access/certs`. */
  readonly certsUrl?: string | undefined;
  readonly keys?: Omit<IssuerKeyOptions, 'jwksUrl'>;
}

export interface AccessIdentity {
  /** Of a person, unique in the team; of a service token its client id. */
  readonly subject: string;
  readonly email: string | undefined;
  readonly expiresAtSec: number;
}

export interface AccessVerifier {
  /** Throws TOKEN_EXPIRED, BAD_TOKEN, or UNAVAILABLE when the keys cannot be read. RS256 only; 60 s of leeway; keys are kept. */
  verify(token: string): Promise<AccessIdentity>;
}

/** Checks tokens of Cloudflare Access: for signing in to the platform, and for sites that only an Access application may see. */
export function createAccessVerifier(
  policy: AccessPolicy,
  clock: Pick<Clock, 'now' | 'monotonic'>,
): AccessVerifier {
  if (policy.audiences.length === 0)
    throw PlatformError.of('CONFIG', 'Cloudflare Access needs the audience tag of the application');
  // A service token has an empty `sub` and its client id in `common_name`.
  const subjectOf = (payload: JWTPayload): string | undefined =>
    payload.sub || textClaim(payload, 'common_name');
  const verify = createPayloadVerifier(policy, clock, subjectOf);
  return {
    async verify(token) {
      const payload = await verify(token, policy.audiences);
      return { subject: payload.sub, email: textClaim(payload, 'email'), expiresAtSec: payload.exp };
    },
  };
}

function createPayloadVerifier(
  policy: AccessPolicy,
  clock: Pick<Clock, 'now' | 'monotonic'>,
  subjectOf?: (payload: JWTPayload) => string | undefined,
) {
  const keys = createIssuerKeys(policy.issuer, {
    ...policy.keys,
    jwksUrl: policy.certsUrl ?? `${policy.issuer}/cdn-cgi/access/certs`,
  });
  return createExternalVerifier({
    issuer: policy.issuer,
    keys,
    algorithms: ['RS256'],
    clock,
    ...(subjectOf === undefined ? {} : { subjectOf }),
  });
}

/** People whom Cloudflare Access has let through to the platform. */
export function createAccessProvider(
  policy: AccessPolicy,
  claims: ClaimNames,
  clock: Pick<Clock, 'now' | 'monotonic'>,
): TokenProvider {
  const verify = createPayloadVerifier(policy, clock);
  return {
    name: CLOUDFLARE_ACCESS,
    recognises: (token) => token.issuer === policy.issuer,
    async prove(token, use) {
      if (use !== 'access') throw PlatformError.of('BAD_TOKEN');
      const payload = await verify(token, policy.audiences);
      const userId = userIdSchema.safeParse(externalUserId('access', payload.sub));
      if (!userId.success) throw PlatformError.of('BAD_TOKEN');
      const email = textClaim(payload, 'email');
      return {
        userId: userId.data,
        username: email ?? textClaim(payload, 'common_name'),
        email,
        roles: rolesOf(payload, claims),
        permissions: [],
        expiresAtSec: payload.exp,
      };
    },
  };
}
