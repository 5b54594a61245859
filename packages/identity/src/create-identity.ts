import { PlatformError } from '@switchyard/kernel';
import type { Caller } from './caller.ts';
import type { PublicJwk } from './key-ring.ts';
import { ACCESS_HEADER, CLOUDFLARE_ACCESS } from './providers/cloudflare-access.ts';
import { readCredentials } from './read-credentials.ts';
import type { Carriers } from './read-credentials.ts';
import { serverCookie } from './server-cookie.ts';
import type { Redeemed, SignInDesk } from './sign-in-desk.ts';
import type { RedeemLink } from './sign-in-links.ts';
import type { TokenUser } from './token-claims.ts';
import { wireIdentity } from './wire-identity.ts';
import type { IdentityParts, IssueOptions } from './wire-identity.ts';

export interface Identity {
  /**
   * Proves who is asking and remembers the session. Throws BAD_TOKEN or TOKEN_EXPIRED for a token that is there and not good,
   * FOREIGN_SESSION when a session of somebody else is named, UNAVAILABLE without Redis, and USER_REQUIRED for nobody where
   * anonymous use is off (`always` lets them in all the same: for `/profile`).
   */
  identify(carriers: Carriers, options?: { anonymous?: 'ifAllowed' | 'always' }): Promise<Caller>;
  /** `rolesOfUserType` gives the roles for a user type. */
  issueToken(user: TokenUser, options?: IssueOptions): Promise<string>;
  createRedeemLink(user: TokenUser): Promise<RedeemLink>;
  redeem(code: string, userAgent?: string): Promise<Redeemed>;
  /** One use, 30 s: stands for the caller where no header can be sent (EventSource). */
  createStreamTicket(caller: Caller): Promise<{ ticket: string; expiresAt: number }>;
  /** Sign-ins of browsers: opened by who has proven somebody, listed and ended. */
  readonly signIns: SignInDesk;
  /** The session of a user, who need not be there. */
  sessionIdOf(userId: string): string;
  /** Forgets the session and ends the sign-in; the caller's streams are the ingress' to end. Its cookies go with `setCookies`. */
  logout(caller: Caller): Promise<{ invalidated: boolean; setCookies: string[] }>;
  jwks(): Promise<{ keys: PublicJwk[] }>;
  rotateSigningKey(): Promise<string>;
  /** Proves that the master key fits the database; for the start of a service. */
  check(): Promise<void>;
}

export function createIdentity(parts: IdentityParts): Identity {
  const { clock, config } = parts;
  const { ring, sessions, anonymous, tickets, prove, issueToken, links, desk } = wireIdentity(parts);
  const isBehindAccess = config.identityProviders.includes(CLOUDFLARE_ACCESS);
  const cookieNames = {
    accessToken: config.accessTokenCookie,
    idToken: config.idTokenCookie,
    anonymous: config.anonymousCookie,
    ...(isBehindAccess ? { frontHeader: ACCESS_HEADER } : {}),
  };
  const { accessToken, idToken, anonymous: anonymousCookie } = cookieNames;
  const allCookies = [config.maskedCookie, accessToken, idToken, anonymousCookie];

  return {
    async identify(carriers, options = {}) {
      const given = readCredentials(carriers, cookieNames);
      const user = await prove(given);
      const mayBeAnonymous = config.anonymousAllowed || options.anonymous === 'always';
      if (user === undefined && !mayBeAnonymous) throw PlatformError.of('USER_REQUIRED');
      const found = user === undefined ? anonymous.recognise(given.anonymousCookie) : { proven: user };
      const { proven, setCookies } = found;
      const isForeign = given.sessionId !== undefined && given.sessionId !== proven.sessionId;
      if (isForeign) throw PlatformError.of('FOREIGN_SESSION');
      const sessionCreatedAt = await sessions.touch(proven);
      return { ...proven, sessionCreatedAt, ...(setCookies === undefined ? {} : { setCookies }) };
    },
    issueToken,
    signIns: desk,
    sessionIdOf: (userId) => sessions.idOf('user', userId),
    createRedeemLink: (user) => links.createRedeemLink(user),
    redeem: (code, userAgent) => links.redeem(code, userAgent),
    async createStreamTicket({ sessionCreatedAt: _createdAt, setCookies: _setCookies, ...proven }) {
      return { ticket: await tickets.make(proven), expiresAt: clock.now() + config.streamTicketTtl };
    },
    async logout({ userId, signInId, sessionId }) {
      const isEnded = signInId !== undefined && (await desk.end(userId, signInId));
      const isForgotten = await sessions.drop(sessionId);
      return {
        invalidated: isEnded || isForgotten,
        setCookies: allCookies.map((name) => serverCookie(name, '', 0)),
      };
    },
    jwks: () => ring.jwks(),
    rotateSigningKey: () => ring.rotate(),
    check: async () => void (await ring.signingKey()),
  };
}
