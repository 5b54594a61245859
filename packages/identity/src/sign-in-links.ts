import { PlatformError } from '@switchyard/kernel';
import type { Clock, Ids } from '@switchyard/kernel';
import { decideUserType, roleNames } from '@switchyard/protocol';
import type { SignIns, Users } from '@switchyard/store';
import type { IdentityConfig } from './identity-settings.ts';
import type { OneUseCodes } from './one-use-codes.ts';
import { serverCookie } from './server-cookie.ts';
import type { TokenUser } from './token-claims.ts';
import type { TokenVault } from './token-vault.ts';

export interface RedeemLink {
  /** For `/api/auth/redeem?code=`. */
  code: string;
  /** Epoch ms. */
  expiresAt: number;
}

export interface Redeemed {
  userId: string;
  /** Value of the masked cookie. */
  maskedCookie: string;
  /** Complete `Set-Cookie` value of it. */
  setCookie: string;
  /** Epoch ms. */
  expiresAt: number;
}

type IssueToken = (user: TokenUser, options: { ttlMs: number; signInId: string }) => Promise<string>;

/** One-time links that sign a browser in. */
export function createSignInLinks(parts: {
  users: Users;
  signIns: SignIns;
  vault: TokenVault;
  codes: OneUseCodes<{ user_id: string }>;
  issueToken: IssueToken;
  clock: Clock;
  ids: Ids;
  config: IdentityConfig;
}) {
  const { users, signIns, vault, codes, issueToken, clock, ids, config } = parts;

  async function signIn(userId: string, userAgent: string | undefined): Promise<Redeemed> {
    const user = await users.find(userId);
    if (user === undefined || user.disabled_at !== null) throw linkRefused();
    const signInId = ids.token(16);
    const expiresAt = clock.now() + config.signInTtl;
    const account = {
      userId,
      username: user.username ?? undefined,
      email: user.email ?? undefined,
      roles: user.roles,
    };
    const token = await issueToken(account, { ttlMs: config.signInTtl, signInId });
    const maskedCookie = await vault.mask(token, expiresAt);
    const maskedHash = vault.hashOf(maskedCookie);
    await signIns.add({
      signInId,
      userId,
      method: 'link',
      maskedHash,
      userAgent,
      expiresAt: new Date(expiresAt),
    });
    const setCookie = serverCookie(config.maskedCookie, maskedCookie, Math.floor(config.signInTtl / 1000));
    return { userId, maskedCookie, setCookie, expiresAt };
  }

  return {
    /** Adds the user when there is none of that id; an existing one keeps type and roles. */
    async createRedeemLink(user: TokenUser): Promise<RedeemLink> {
      const userType = decideUserType(user.roles, roleNames(config.rolePrefix));
      await users.add({
        userId: user.userId,
        username: user.username,
        email: user.email,
        userType,
        roles: user.roles,
      });
      const code = await codes.make({ user_id: user.userId });
      return { code, expiresAt: clock.now() + config.redeemLinkTtl };
    },
    /** Throws BAD_TOKEN (`auth.link_refused`) when the link is unknown, used or run out, or its user may not sign in. */
    async redeem(code: string, userAgent?: string): Promise<Redeemed> {
      const found = await codes.use(code);
      if (found === undefined) throw linkRefused();
      return signIn(found.user_id, userAgent);
    },
    /** Ends the sign-in that a token belongs to. False: a token for scripts, or already ended. */
    async endSignIn(userId: string, signInId: string): Promise<boolean> {
      const ended = await signIns.end(userId, signInId);
      const maskedHash = ended?.masked_hash ?? undefined;
      if (maskedHash !== undefined) await vault.dropByHash(maskedHash);
      return ended !== undefined;
    },
  };
}

function linkRefused(): PlatformError {
  return PlatformError.of('BAD_TOKEN', 'This sign-in link was used already or has run out.', {
    errorType: 'auth.link_refused',
  });
}
