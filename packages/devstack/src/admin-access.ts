import { randomBytes } from 'node:crypto';
import { createIdentity, identitySettings, rolesOfUserType } from '@switchyard/identity';
import type { Identity } from '@switchyard/identity';
import { Scope, createIds, loadConfig, systemClock } from '@switchyard/kernel';
import { roleNames } from '@switchyard/protocol';
import { connectRedis, createKeys } from '@switchyard/redis';
import { openStore } from '@switchyard/store';
import { z } from 'zod';

/** What it takes to act as the platform's own identity from outside of the services. */
export interface StackAccess {
  readonly tenant: string;
  readonly project: string;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  readonly masterKey: string;
}

export type TokenType = 'registered' | 'paid' | 'privileged';

const ADMIN = 'admin';

const withIdentity = async <T>(
  { tenant, project, redisUrl, databaseUrl, masterKey }: StackAccess,
  use: (identity: Identity, rolePrefix: string) => Promise<T>,
): Promise<T> => {
  const scope = new Scope();
  const keys = createKeys({ tenant, project });
  try {
    const redis = await scope.use(
      connectRedis({ url: redisUrl, prefix: keys.prefix, name: 'launcher', kind: 'commands' }),
      (each) => each.close(),
    );
    const store = await scope.use(
      openStore({ url: databaseUrl, poolSize: 1, applicationName: 'launcher' }),
      (each) => each.close(),
    );
    const env = { ...process.env, SWITCHYARD_MASTER_KEY: masterKey };
    const settings = loadConfig(z.object(identitySettings), env, 'launcher');
    // Only own tokens are made here: what others may say of people is the services' to check.
    const config = { ...settings, identityProviders: ['local' as const], tenant, project };
    const identity = createIdentity({
      sql: store.sql,
      redis,
      keys,
      clock: systemClock,
      ids: createIds(systemClock, randomBytes),
      config,
    });
    return await use(identity, config.rolePrefix);
  } finally {
    await scope.close();
  }
};

/** Makes the admin account on first use and answers a link that signs a browser in as admin, once. */
export const createAdminLink = (access: StackAccess, publicUrl: string): Promise<string> =>
  withIdentity(access, async (identity, rolePrefix) => {
    const roles = rolesOfUserType('privileged', roleNames(rolePrefix));
    const { code } = await identity.createRedeemLink({ userId: ADMIN, username: ADMIN, roles });
    return `${publicUrl}/api/auth/redeem?code=${encodeURIComponent(code)}`;
  });

/** An access token for scripts. A `ttlMs` below zero makes one that is over already, for tests. */
export const issueAccessToken = (
  access: StackAccess,
  { user, type, ttlMs }: { user: string; type: TokenType; ttlMs?: number },
): Promise<string> =>
  withIdentity(access, (identity, rolePrefix) => {
    const roles = rolesOfUserType(type, roleNames(rolePrefix));
    return identity.issueToken({ userId: user, username: user, roles }, ttlMs === undefined ? {} : { ttlMs });
  });
