import { jwtVerify } from 'jose';
import type { JWTVerifyGetKey } from 'jose';
import { issuerUserId } from '@switchyard/identity';
import type { Identity } from '@switchyard/identity';
import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import { toRedisError } from '@switchyard/redis';
import type { Keys, RedisConnection } from '@switchyard/redis';
import { z } from 'zod';
import type { LoginConfig } from '../env.ts';

const EVENT = 'http://schemas.openid.net/event/backchannel-logout';
const LEEWAY_SEC = 60;
const MAX_AGE_SEC = 5 * 60;
const MAX_TOKEN_BYTES = 8 * 1024;
const TYPES = new Set([undefined, 'jwt', 'logout+jwt', 'application/logout+jwt']);

const claimsSchema = z.object({
  jti: z.string().min(1).max(512),
  sub: z.string().min(1).max(256).optional(),
  sid: z.string().min(1).max(512).optional(),
  events: z.record(z.string(), z.unknown()).refine((events) => Object.hasOwn(events, EVENT)),
  // It would be an id token; and one of those must not sign anybody out.
  nonce: z.undefined().optional(),
});

/** What an issuer sends when somebody has signed out there (OpenID Connect Back-Channel Logout 1.0). */
export type BackChannelLogout = (logoutToken: string) => Promise<void>;

/** Throws BAD_TOKEN for a token that is not the issuer's, not for us, too old, none for logout, or was seen before. */
export function createBackChannelLogout(parts: {
  keysOfIssuer: JWTVerifyGetKey;
  identity: Pick<Identity, 'signIns'>;
  endStreams: (userId: string) => Promise<void>;
  redis: RedisConnection;
  keys: Keys;
  clock: Pick<Clock, 'now'>;
  config: LoginConfig;
}): BackChannelLogout {
  const { keysOfIssuer, identity, endStreams, redis, keys, clock, config } = parts;

  async function prove(token: string): Promise<z.output<typeof claimsSchema>> {
    if (Buffer.byteLength(token) > MAX_TOKEN_BYTES) throw PlatformError.of('BAD_TOKEN');
    try {
      const { payload, protectedHeader } = await jwtVerify(token, keysOfIssuer, {
        issuer: config.oidcIssuer,
        audience: config.oidcClientId,
        algorithms: [...config.oidcAlgorithms],
        clockTolerance: LEEWAY_SEC,
        maxTokenAge: MAX_AGE_SEC,
        requiredClaims: ['iat', 'jti'],
        currentDate: new Date(clock.now()),
      });
      if (!TYPES.has(protectedHeader.typ?.toLowerCase())) throw PlatformError.of('BAD_TOKEN');
      return claimsSchema.parse(payload);
    } catch (error) {
      if (error instanceof PlatformError) throw error;
      throw PlatformError.of('BAD_TOKEN', undefined, { cause: error });
    }
  }

  /** Once: one that is sent again later must not end a sign-in that has begun since. */
  async function isFirst(jti: string): Promise<boolean> {
    const lifeMs = (MAX_AGE_SEC + 2 * LEEWAY_SEC) * 1000;
    try {
      return (await redis.driver.set(keys.authLogout(keys.hash(jti)), '1', 'PX', lifeMs, 'NX')) !== null;
    } catch (error) {
      throw toRedisError(error);
    }
  }

  return async (logoutToken) => {
    const { jti, sub, sid } = await prove(logoutToken);
    if ((sub === undefined && sid === undefined) || !(await isFirst(jti)))
      throw PlatformError.of('BAD_TOKEN');
    const userIds = await identity.signIns.endByIssuer('oidc', {
      ...(sid === undefined ? {} : { issuerSid: sid }),
      ...(sub === undefined ? {} : { userId: issuerUserId(sub) }),
    });
    for (const userId of userIds) await endStreams(userId);
  };
}
