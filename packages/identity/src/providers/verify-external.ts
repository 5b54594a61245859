import { PlatformError, hashHex } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import { errors, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { LEEWAY_SEC, MAX_TOKEN_BYTES } from './token-provider.ts';

export interface ExternalVerifierParts {
  readonly issuer: string;
  /** Public keys alone; with HMAC in `algorithms` nothing would be proven by them. */
  readonly keys: JWTVerifyGetKey;
  readonly algorithms: readonly string[];
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  /** Whom a token names, where that is not `sub` alone; nobody: BAD_TOKEN. */
  readonly subjectOf?: (payload: JWTPayload) => string | undefined;
}

export type VerifyExternal = (
  token: string,
  audience: readonly string[] | undefined,
) => Promise<JWTPayload & { exp: number; sub: string }>;

/** So long a proven token is believed without its key being asked for again: a key that the issuer has withdrawn ends there. */
const PROVEN_MS = 5 * 60_000;
const MAX_PROVEN = 10_000;

const ASYMMETRIC = /^(RS|ES|PS)(256|384|512)$|^EdDSA$|^Ed25519$/;

/** Verifies tokens of others: algorithm by the list, issuer, audience, times with 60 s of leeway. Never says why to the caller. */
export function createExternalVerifier(parts: ExternalVerifierParts): VerifyExternal {
  const { issuer, keys, clock, subjectOf = ({ sub }) => sub } = parts;
  const algorithms = [...parts.algorithms];
  const unsafe = algorithms.find((name) => !ASYMMETRIC.test(name));
  if (unsafe !== undefined)
    throw PlatformError.of('CONFIG', `${unsafe} is not an algorithm that public keys can prove`);
  const proven = new Map<string, { until: number; payload: JWTPayload & { exp: number; sub: string } }>();

  async function prove(token: string, audience: readonly string[] | undefined) {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        algorithms,
        clockTolerance: LEEWAY_SEC,
        currentDate: new Date(clock.now()),
        requiredClaims: ['exp', 'sub'],
        ...(audience === undefined ? {} : { audience: [...audience] }),
      });
      const { exp } = payload;
      const sub = subjectOf(payload);
      if (exp === undefined || sub === undefined || sub === '') throw PlatformError.of('BAD_TOKEN');
      return { ...payload, exp, sub };
    } catch (error) {
      if (error instanceof PlatformError) throw error;
      const code = error instanceof errors.JWTExpired ? 'TOKEN_EXPIRED' : 'BAD_TOKEN';
      throw PlatformError.of(code, undefined, { cause: error });
    }
  }

  return async (token, audience) => {
    if (Buffer.byteLength(token) > MAX_TOKEN_BYTES) throw PlatformError.of('BAD_TOKEN');
    const name = hashHex(JSON.stringify([token, audience]));
    const known = proven.get(name);
    if (known !== undefined && clock.monotonic() < known.until) {
      if (clock.now() / 1000 >= known.payload.exp + LEEWAY_SEC) throw PlatformError.of('TOKEN_EXPIRED');
      return known.payload;
    }
    const payload = await prove(token, audience);
    const [oldest] = proven.keys();
    if (proven.size >= MAX_PROVEN && oldest !== undefined) proven.delete(oldest);
    proven.set(name, { until: clock.monotonic() + PROVEN_MS, payload });
    return payload;
  };
}
