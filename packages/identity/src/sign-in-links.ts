import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import { decideUserType, roleNames } from '@switchyard/protocol';
import type { Users } from '@switchyard/store';
import type { IdentityConfig } from './identity-settings.ts';
import type { OneUseCodes } from './one-use-codes.ts';
import type { Redeemed, SignInDesk } from './sign-in-desk.ts';
import type { TokenUser } from './token-claims.ts';

export interface RedeemLink {
  /** For `/api/auth/redeem?code=`. */
  code: string;
  /** Epoch ms. */
  expiresAt: number;
}

/** One-time links that sign a browser in. */
export function createSignInLinks(parts: {
  users: Users;
  desk: Pick<SignInDesk, 'open'>;
  codes: OneUseCodes<{ user_id: string }>;
  clock: Clock;
  config: IdentityConfig;
}) {
  const { users, desk, codes, clock, config } = parts;

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
      return desk.open({ userId: found.user_id, method: 'link', userAgent }).catch((error: unknown) => {
        throw error instanceof PlatformError && error.code === 'BAD_TOKEN' ? linkRefused() : error;
      });
    },
  };
}

function linkRefused(): PlatformError {
  return PlatformError.of('BAD_TOKEN', 'This sign-in link was used already or has run out.', {
    errorType: 'auth.link_refused',
  });
}
