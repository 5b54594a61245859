import { randomBytes } from 'node:crypto';
import { createIds, loadConfig, systemClock } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import { connectRedis, createKeys } from '@switchyard/redis';
import type { Sql } from '@switchyard/store';
import { z } from 'zod';
import { createIdentity } from '../src/create-identity.ts';
import { identitySettings } from '../src/identity-settings.ts';
import { readMasterKeys } from '../src/master-keys.ts';
import { createTokenVault } from '../src/token-vault.ts';

export const MASTER_KEY = 'a-master-key-for-tests-of-32-chars-or-more';

/** A clock that a test moves by hand. */
export function createTestClock(): Clock & { forward(ms: number): void } {
  let ahead = 0;
  return {
    now: () => systemClock.now() + ahead,
    monotonic: () => systemClock.monotonic() + ahead,
    forward: (ms) => void (ahead += ms),
  };
}

export const settings = (env: Record<string, string> = {}) =>
  loadConfig(
    z.object(identitySettings),
    { SWITCHYARD_MASTER_KEY: MASTER_KEY, ANONYMOUS_ALLOWED: 'on', ...env },
    'test',
  );

interface Servers {
  redis: { url: string; tenant: string; project: string };
  postgres: { sql: Sql };
}

/** `open(env)` gives an identity on this test's own database and Redis scope; several share what is stored. */
export const identityFixture = {
  open: async ({ redis, postgres }: Servers, use: (open: Open) => Promise<void>): Promise<void> => {
    const connection = await connectRedis({ url: redis.url, name: 'identity-test', kind: 'commands' });
    const keys = createKeys(redis);
    await use((env = {}, scope = redis, nodeEnv) => {
      const clock = createTestClock();
      const ids = createIds(clock, randomBytes);
      const config = { ...settings(env), tenant: scope.tenant, project: scope.project, nodeEnv };
      const shared = { redis: connection, keys, clock, ids };
      const identity = createIdentity({ ...shared, sql: postgres.sql, config });
      const vault = createTokenVault({ ...shared, masterKeys: readMasterKeys(config) });
      return { identity, clock, ids, config, vault, connection, keys };
    });
    await connection.close();
  },
};

export type Open = (
  env?: Record<string, string>,
  scope?: { tenant: string; project: string },
  nodeEnv?: string,
) => {
  identity: ReturnType<typeof createIdentity>;
  clock: ReturnType<typeof createTestClock>;
  ids: ReturnType<typeof createIds>;
  config: Parameters<typeof createIdentity>[0]['config'];
  vault: ReturnType<typeof createTokenVault>;
  connection: Awaited<ReturnType<typeof connectRedis>>;
  keys: ReturnType<typeof createKeys>;
};

export const bearer = (token: string, headers: Record<string, string> = {}) => ({
  headers: { authorization: `Bearer ${token}`, ...headers },
  allowQueryToken: false,
});
export const nobody = (headers: Record<string, string> = {}) => ({ headers, allowQueryToken: false });
