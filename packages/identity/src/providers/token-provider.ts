import type { Proven } from '../caller.ts';

/** What a token of any origin proves; session and user type follow from it. */
export interface TokenIdentity {
  readonly userId: string;
  readonly username?: string | undefined;
  readonly email?: string | undefined;
  /** Full names, with the prefix. */
  readonly roles: readonly string[];
  readonly permissions: readonly string[];
  /** Epoch seconds. */
  readonly expiresAtSec: number;
  readonly signInId?: Proven['signInId'] | undefined;
}

/** One origin of tokens. They are asked in the order of the configuration; the first that recognises a token decides about it. */
export interface TokenProvider {
  readonly name: string;
  /** Whether the token says that it is from here. Nothing is proven by that. */
  recognises(token: UnverifiedToken): boolean;
  /** What was proven of this very token before and holds still; undefined: it is to be proven. Of a token that it recognises, and no other. */
  known?(token: string, use: 'access' | 'id'): TokenIdentity | undefined;
  /** Throws TOKEN_EXPIRED for a token that was good, UNAVAILABLE without the issuer's keys, BAD_TOKEN for everything else. */
  prove(token: string, use: 'access' | 'id'): Promise<TokenIdentity>;
}

export interface UnverifiedToken {
  readonly text: string;
  /** Undefined for what is no JWT. */
  readonly issuer: string | undefined;
}

export const MAX_TOKEN_BYTES = 8 * 1024;
export const LEEWAY_SEC = 60;

// Three base64url parts; anything else is not worth parsing.
const COMPACT_JWS = /^[\w-]+\.([\w-]+)\.[\w-]+$/;

/** Undefined for a token that is too large to be looked at. */
export function readUnverified(token: string): UnverifiedToken | undefined {
  if (Buffer.byteLength(token) > MAX_TOKEN_BYTES) return undefined;
  const body = COMPACT_JWS.exec(token)?.[1];
  return { text: token, issuer: body === undefined ? undefined : issuerOf(body) };
}

function issuerOf(body: string): string | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(body, 'base64url').toString('utf8'));
    const issuer = typeof claims === 'object' && claims !== null && 'iss' in claims ? claims.iss : undefined;
    return typeof issuer === 'string' ? issuer : undefined;
  } catch {
    return undefined;
  }
}
