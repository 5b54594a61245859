import { PlatformError } from '@switchyard/kernel';
import type { Clock, Ids } from '@switchyard/kernel';
import { roleNames } from '@switchyard/protocol';
import type { Keys, RedisConnection } from '@switchyard/redis';
import { createSigningKeys, createSignIns, createUsers } from '@switchyard/store';
import type { Sql } from '@switchyard/store';
import { createAnonymousCallers } from './anonymous-callers.ts';
import type { Proven } from './caller.ts';
import { deriveKey, deriveKeys } from './derive-key.ts';
import type { IdentityConfig } from './identity-settings.ts';
import type { KeptKeys } from './kept-keys.ts';
import { createKeyRing } from './key-ring.ts';
import { createLocalTokens } from './local-tokens.ts';
import { readMasterKeys } from './master-keys.ts';
import { createOneUseCodes } from './one-use-codes.ts';
import { createLocalProvider } from './providers/local-provider.ts';
import { createProviders, createTokenProver } from './providers/create-providers.ts';
import { createProver } from './prove-caller.ts';
import { createRenewals } from './renewals.ts';
import { createSessionStore } from './session-store.ts';
import { createSignInLinks } from './sign-in-links.ts';
import { buildClaims } from './token-claims.ts';
import type { TokenUser } from './token-claims.ts';
import { createSignInDesk } from './sign-in-desk.ts';
import { createTokenVault } from './token-vault.ts';

export interface IdentityParts {
  sql: Sql;
  redis: RedisConnection;
  keys: Keys;
  clock: Clock;
  ids: Ids;
  config: IdentityConfig;
  /** Of `openKeptKeys`. Undefined: the master key was never replaced, as in most tests, or no session is named. */
  kept?: KeptKeys | undefined;
}

export interface IssueOptions {
  /** Default: the setting for scripts. */
  ttlMs?: number;
  use?: 'access' | 'id';
  signInId?: string;
}

/** The parts of identity, put together. Opens nothing and asks nobody. */
export function wireIdentity({ sql, redis, keys, clock, ids, config, kept }: IdentityParts) {
  const { tenant, project, tokenIssuer: issuer } = config;
  const masterKeys = readMasterKeys(config);
  const scope = { tenant, project };
  const ring = createKeyRing({
    keys: createSigningKeys(sql),
    sealingKeys: deriveKeys(masterKeys, 'signing-keys'),
    clock,
    ids,
    retiredForMs: Math.max(config.signInTtl, config.accessTokenTtl),
  });
  const tokens = createLocalTokens({ ring, issuer, audience: `switchyard:${tenant}:${project}`, clock });
  const nameKey = kept?.sessionNames ?? deriveKey(masterKeys.current, 'session-id');
  const sessions = createSessionStore({ redis, keys, clock, scope, nameKey, ttlMs: config.sessionTtl });
  const anonymous = createAnonymousCallers({ clock, ids, config, sessions });
  const tickets = createOneUseCodes<Proven>({
    redis,
    ids,
    keyOf: keys.authTicket,
    ttlMs: config.streamTicketTtl,
  });
  const providers = createProviders(config, createLocalProvider(tokens, issuer), clock);
  const proveToken = createTokenProver(providers);
  const prove = createProver({ proveToken, tickets, sessions, names: roleNames(config.rolePrefix) });

  const issueToken = (user: TokenUser, options: IssueOptions = {}): Promise<string> => {
    const { ttlMs = config.accessTokenTtl, use = 'access', signInId } = options;
    return tokens.sign(
      buildClaims(user, { use, jti: ids.token(16), signInId, issuedAtMs: clock.now(), ttlMs }),
    );
  };
  const isRenewed = config.signInPath !== '';
  // Shorter, and who reads a long page would be out at his next click.
  if (isRenewed && config.signInIdleTtl < 2 * config.browserTokenTtl)
    throw PlatformError.of('CONFIG', 'SIGN_IN_IDLE_TTL must be at least twice BROWSER_TOKEN_TTL');
  const users = createUsers(sql, scope);
  const desk = createSignInDesk({
    users,
    signIns: createSignIns(sql, scope),
    vault: createTokenVault({ redis, keys, clock, ids, masterKeys }),
    renewals: createRenewals({ redis, keys, clock, ids, masterKeys, aheadMs: config.renewAhead }),
    issueToken,
    clock,
    ids,
    config,
    isRenewed,
  });
  const codes = createOneUseCodes<{ user_id: string }>({
    redis,
    ids,
    keyOf: keys.authRedeem,
    ttlMs: config.redeemLinkTtl,
  });
  const links = createSignInLinks({ users, desk, codes, clock, config });
  return { ring, sessions, anonymous, tickets, prove, issueToken, links, desk };
}
