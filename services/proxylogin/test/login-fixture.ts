import { randomBytes } from 'node:crypto';
import {
  createIdentity,
  createTokenVault,
  openKeptKeys,
  readMasterKeys,
  rolesOfUserType,
} from '@switchyard/identity';
import type { Identity, TokenVault } from '@switchyard/identity';
import { Deadline, createIds, systemClock } from '@switchyard/kernel';
import { COOKIE, roleNames } from '@switchyard/protocol';
import { connectRedis, createKeys } from '@switchyard/redis';
import type { Keys, RedisConnection } from '@switchyard/redis';
import { createAccounts, createUsers } from '@switchyard/store';
import type { Accounts, Sql, Users } from '@switchyard/store';
import { platformTest } from '@switchyard/testkit';
import type { PostgresFixture, RedisFixture } from '@switchyard/testkit';
import { start } from '../src/compose.ts';
import { loadLoginConfig } from '../src/env.ts';
import { createBrowser } from './browser.ts';
import type { Browser } from './browser.ts';

export const PASSWORD = 'correct horse battery';

export interface LoginBench {
  readonly url: string;
  readonly identity: Identity;
  readonly vault: TokenVault;
  readonly accounts: Accounts;
  readonly users: Users;
  readonly sql: Sql;
  readonly redis: RedisConnection;
  readonly keys: Keys;
  /** A browser with cookies of its own, behind what web-proxy does. */
  browser(options?: { address?: string }): Browser;
  /** A browser that is signed in by a one-time link. */
  signedIn(userId: string, type?: 'registered' | 'privileged'): Promise<Browser>;
  stop(): Promise<void>;
}

export const MASTER_KEY = 'test-master-key-of-at-least-32-characters';

export interface LoginSettings {
  redis: RedisFixture;
  postgres: PostgresFixture;
  env?: Record<string, string>;
}

export async function openLogin({ redis, postgres, env = {} }: LoginSettings): Promise<LoginBench> {
  const config = loadLoginConfig({
    NODE_ENV: 'test',
    LOG_LEVEL: 'silent',
    HOST: '127.0.0.1',
    PORT: '0',
    TENANT: redis.tenant,
    PROJECT: redis.project,
    REDIS_URL: redis.url,
    DATABASE_URL: postgres.url,
    SWITCHYARD_MASTER_KEY: MASTER_KEY,
    ...env,
  });
  const running = await start(config);
  const keys = createKeys(redis);
  const connection = await connectRedis({
    url: redis.url,
    prefix: keys.prefix,
    name: 'login-test',
    kind: 'commands',
  });
  const ids = createIds(systemClock, randomBytes);
  const shared = { redis: connection, keys, clock: systemClock, ids };
  const kept = await openKeptKeys({ sql: postgres.sql, ids, config });
  const identity = createIdentity({ ...shared, sql: postgres.sql, config, kept });
  const vault = createTokenVault({ ...shared, masterKeys: readMasterKeys(config) });
  const url = `http://127.0.0.1:${running.port}`;
  const scope = { tenant: config.tenant, project: config.project };
  const browser: LoginBench['browser'] = (options) => createBrowser({ url, vault, ...options });
  return {
    url,
    identity,
    vault,
    accounts: createAccounts(postgres.sql, scope),
    users: createUsers(postgres.sql, scope),
    sql: postgres.sql,
    redis: connection,
    keys,
    browser,
    signedIn: async (userId, type = 'registered') => {
      const roles = rolesOfUserType(type, roleNames(config.rolePrefix));
      const { code } = await identity.createRedeemLink({ userId, username: userId, roles });
      const opened = browser();
      opened.cookies.set(COOKIE.masked, (await identity.redeem(code, 'a browser')).maskedCookie);
      return opened;
    },
    stop: async () => {
      await connection.close();
      await running.stop(Deadline.in(10_000));
    },
  };
}

export const loginTest = platformTest.extend<{ login: LoginBench }>({
  login: async ({ redis, postgres }, use) => {
    const login = await openLogin({ redis, postgres });
    await use(login);
    await login.stop();
  },
});

/** An account with `PASSWORD`, set by its owner in the page. */
export async function withPassword(login: LoginBench, userId: string): Promise<Browser> {
  const browser = await login.signedIn(userId);
  const answer = await browser.post('/auth/password', { password: PASSWORD, again: PASSWORD });
  if (answer.status !== 303) throw new Error(`the password was not set: ${answer.text}`);
  return browser;
}
