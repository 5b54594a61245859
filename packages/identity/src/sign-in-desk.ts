import { PlatformError } from '@switchyard/kernel';
import type { Clock, Ids } from '@switchyard/kernel';
import type { SignInRow, SignIns, UserRow, Users } from '@switchyard/store';
import type { IdentityConfig } from './identity-settings.ts';
import type { FreshToken, RenewalOutcome, Renewals } from './renewals.ts';
import { serverCookie } from './server-cookie.ts';
import type { TokenUser } from './token-claims.ts';
import type { TokenVault } from './token-vault.ts';

export interface Redeemed {
  userId: string;
  /** Value of the masked cookie. */
  maskedCookie: string;
  /** Complete `Set-Cookie` value of it. */
  setCookie: string;
  /** Epoch ms. */
  expiresAt: number;
}

/** How somebody was proven. */
export interface Proof {
  readonly userId: string;
  /** `link`, `password`, `oidc`. */
  readonly method: string;
  readonly userAgent?: string | undefined;
  /** Where it was proven, if not here, and what it takes to ask there again. */
  readonly issuer?:
    | {
        readonly provider: string;
        readonly sid?: string | undefined;
        readonly refreshToken?: string | undefined;
        readonly logoutHint?: Buffer | undefined;
      }
    | undefined;
}

/** Asks the issuer of a sign-in whether it still holds. Undefined: it does not. */
export type AskIssuer = (
  refreshToken: string,
  userId: string,
) => Promise<{ refreshToken: string } | undefined>;

/** One authentication on one device: opened, renewed, listed, ended. */
export interface SignInDesk {
  /** Throws BAD_TOKEN (`auth.user_disabled`) for a user who is not there or was switched off. */
  open(proof: Proof): Promise<Redeemed>;
  /** A new token behind a cookie whose token has run out. */
  renew(cookie: string, askIssuer?: AskIssuer): Promise<RenewalOutcome>;
  /** Live ones of a user, newest first. */
  list(userId: string): Promise<SignInRow[]>;
  find(userId: string, signInId: string): Promise<SignInRow | undefined>;
  /** Whether it was proven so short a while ago that nobody need be asked again (`PROVE_AGAIN_AFTER`). */
  isFresh(userId: string, signInId: string): Promise<boolean>;
  /** False: not this user's, or already ended. */
  end(userId: string, signInId: string): Promise<boolean>;
  /** Returns how many. */
  endAll(userId: string, exceptId?: string): Promise<number>;
  /** What an issuer says has ended there. Returns whose sign-ins they were. */
  endByIssuer(provider: string, at: { issuerSid?: string; userId?: string }): Promise<string[]>;
}

export interface SignInDeskParts {
  users: Users;
  signIns: SignIns;
  vault: TokenVault;
  renewals: Renewals;
  issueToken: (user: TokenUser, options: { ttlMs: number; signInId: string }) => Promise<string>;
  clock: Clock;
  ids: Ids;
  config: IdentityConfig;
  /** Whether there is a proxylogin, which makes new tokens; without it a token lives as long as its sign-in. */
  isRenewed: boolean;
}

export function createSignInDesk(parts: SignInDeskParts): SignInDesk {
  return { ...createOpening(parts), ...createEnding(parts) };
}

function createOpening(parts: SignInDeskParts): Pick<SignInDesk, 'open' | 'renew'> {
  const { users, signIns, vault, renewals, issueToken, clock, ids, config, isRenewed } = parts;

  async function mintFor(user: UserRow, signInId: string, until: number) {
    const life = isRenewed ? Math.min(config.browserTokenTtl, until - clock.now()) : until - clock.now();
    const account = {
      userId: user.user_id,
      username: user.username ?? undefined,
      email: user.email ?? undefined,
      roles: user.roles,
    };
    return { token: await issueToken(account, { ttlMs: life, signInId }), expiresAt: clock.now() + life };
  }

  async function liveUser(userId: string): Promise<UserRow | undefined> {
    const user = await users.find(userId);
    return user === undefined || user.disabled_at !== null ? undefined : user;
  }

  return {
    async open({ userId, method, userAgent, issuer }) {
      const user = await liveUser(userId);
      if (user === undefined) throw userDisabled();
      const signInId = ids.token(16);
      const expiresAt = clock.now() + config.signInTtl;
      const minted = await mintFor(user, signInId, expiresAt);
      const renewal = { signInId, userId, refreshToken: issuer?.refreshToken };
      const maskedCookie = isRenewed
        ? await renewals.mask({ ...minted, renewal }, expiresAt)
        : await vault.mask(minted.token, expiresAt);
      await signIns.add({
        signInId,
        userId,
        method,
        maskedHash: vault.hashOf(maskedCookie),
        userAgent,
        expiresAt: new Date(expiresAt),
        provider: issuer?.provider,
        issuerSid: issuer?.sid,
        logoutHint: issuer?.logoutHint,
      });
      const setCookie = serverCookie(config.maskedCookie, maskedCookie, Math.floor(config.signInTtl / 1000));
      return { userId, maskedCookie, setCookie, expiresAt };
    },
    renew: (cookie, askIssuer) =>
      renewals.renew(cookie, async ({ signInId, userId, refreshToken }): Promise<FreshToken | undefined> => {
        // The row decides whether the sign-in lives: its end may have come while Redis was away.
        const isLive = (await liveUser(userId)) !== undefined;
        const row = isLive ? await signIns.renew(userId, signInId, config.signInIdleTtl) : undefined;
        if (row === undefined) return undefined;
        const isAsked = refreshToken !== undefined && askIssuer !== undefined;
        const asked = isAsked ? await askIssuer(refreshToken, userId) : undefined;
        if (isAsked && asked === undefined) await signIns.end(userId, signInId);
        if (isAsked && asked === undefined) return undefined;
        // Read again: the issuer may have given other roles, or none.
        const user = await liveUser(userId);
        if (user === undefined) return undefined;
        const minted = await mintFor(user, signInId, row.expires_at.getTime());
        return {
          ...minted,
          renewal: { signInId, userId, refreshToken: asked?.refreshToken ?? refreshToken },
        };
      }),
  };
}

function createEnding({
  signIns,
  vault,
  clock,
  config,
  isRenewed,
}: SignInDeskParts): Omit<SignInDesk, 'open' | 'renew'> {
  async function forget(ended: readonly SignInRow[]): Promise<void> {
    for (const { masked_hash: maskedHash } of ended)
      if (maskedHash !== null) await vault.dropByHash(maskedHash);
  }

  return {
    list: (userId) => signIns.listLive(userId, isRenewed ? config.signInIdleTtl : undefined),
    find: (userId, signInId) => signIns.find(userId, signInId),
    async isFresh(userId, signInId) {
      const row = await signIns.find(userId, signInId);
      return row !== undefined && row.created_at.getTime() > clock.now() - config.proveAgainAfter;
    },
    async end(userId, signInId) {
      const ended = await signIns.end(userId, signInId);
      if (ended !== undefined) await forget([ended]);
      return ended !== undefined;
    },
    async endAll(userId, exceptId) {
      const ended = await signIns.endAll(userId, exceptId);
      await forget(ended);
      return ended.length;
    },
    async endByIssuer(provider, at) {
      const ended = await signIns.endByIssuer(provider, at);
      await forget(ended);
      return [...new Set(ended.map((row) => row.user_id))];
    },
  };
}

function userDisabled(): PlatformError {
  return PlatformError.of('BAD_TOKEN', 'This account cannot sign in.', { errorType: 'auth.user_disabled' });
}
