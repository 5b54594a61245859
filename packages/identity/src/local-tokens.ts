import jwt from 'jsonwebtoken';
import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import type { KeyRing } from './key-ring.ts';
import { createProvenTokens } from './proven-tokens.ts';
import { LEEWAY_SEC, MAX_TOKEN_BYTES } from './providers/token-provider.ts';
import { claimsSchema } from './token-claims.ts';
import type { Claims } from './token-claims.ts';

const ALGORITHM = 'ES256';
// Three base64url parts; anything else is not worth parsing.
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Signs and verifies the platform's own tokens. */
export interface LocalTokens {
  sign(claims: Claims): Promise<string>;
  /** Throws TOKEN_EXPIRED for a token that was good, BAD_TOKEN for everything else. Never says why to the caller. */
  verify(token: string, use: 'access' | 'id'): Promise<Claims>;
  /** The claims of a token that was proven before and is as good now. Undefined: `verify` says what it is. */
  known(token: string, use: 'access' | 'id'): Claims | undefined;
}

export function createLocalTokens(parts: {
  ring: KeyRing;
  issuer: string;
  audience: string;
  clock: Clock;
}): LocalTokens {
  const { ring, issuer, audience, clock } = parts;
  const proven = createProvenTokens();

  async function verify(token: string, use: 'access' | 'id'): Promise<Claims> {
    if (Buffer.byteLength(token) > MAX_TOKEN_BYTES) throw PlatformError.of('BAD_TOKEN');
    const known = proven.find(token);
    const kid = known?.kid ?? readKid(token);
    const key = kid === undefined ? undefined : await ring.verificationKey(kid);
    if (kid === undefined || key === undefined) throw PlatformError.of('BAD_TOKEN');
    const clockTimestamp = Math.floor(clock.now() / 1000);
    // A key that was taken back, or read anew, proves everything again.
    if (known?.key === key) {
      if (clockTimestamp >= known.claims.exp + LEEWAY_SEC) throw PlatformError.of('TOKEN_EXPIRED');
      if (known.claims.token_use !== use) throw PlatformError.of('BAD_TOKEN');
      return known.claims;
    }
    let body: unknown;
    try {
      // The key is an EC key object, so HMAC with the public key as secret is refused twice: by the list and by the type.
      body = jwt.verify(token, key, {
        algorithms: [ALGORITHM],
        issuer,
        audience,
        clockTolerance: LEEWAY_SEC,
        clockTimestamp,
      });
    } catch (error) {
      throw PlatformError.of(
        error instanceof jwt.TokenExpiredError ? 'TOKEN_EXPIRED' : 'BAD_TOKEN',
        undefined,
        { cause: error },
      );
    }
    const claims = claimsSchema.safeParse(body);
    if (!claims.success || claims.data.token_use !== use) throw PlatformError.of('BAD_TOKEN');
    proven.keep(token, { kid, key, claims: claims.data });
    return claims.data;
  }

  return {
    async sign(claims) {
      const { kid, privateKey } = await ring.signingKey();
      return jwt.sign({ ...claims }, privateKey, { algorithm: ALGORITHM, keyid: kid, issuer, audience });
    },
    verify,
    known(token, use) {
      if (Buffer.byteLength(token) > MAX_TOKEN_BYTES) return undefined;
      const found = proven.find(token);
      if (found === undefined || found.key !== ring.knownKey(found.kid)) return undefined;
      const { claims } = found;
      const isGood = Math.floor(clock.now() / 1000) < claims.exp + LEEWAY_SEC && claims.token_use === use;
      return isGood ? claims : undefined;
    },
  };
}

/** `kid` of the unverified header, only to find the key. Undefined when the token cannot be one of ours. */
function readKid(token: string): string | undefined {
  if (!COMPACT_JWS.test(token)) return undefined;
  let header: unknown;
  try {
    header = JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof header !== 'object' || header === null) return undefined;
  const { alg, kid, crit } = header as Record<string, unknown>;
  // "crit" names extensions that must be understood; none is.
  if (alg !== ALGORITHM || typeof kid !== 'string' || crit !== undefined) return undefined;
  return kid;
}
