import { createAttemptLimits } from '@switchyard/admission';
import { createIdentity, deriveKey } from '@switchyard/identity';
import { createEventLog, createSignOutNotice } from '@switchyard/relay';
import { createAccounts } from '@switchyard/store';
import { createChangePassword } from './accounts/change-password.ts';
import { createSignInByPassword } from './accounts/sign-in-by-password.ts';
import { createSignOut } from './accounts/sign-out.ts';
import { createWelcome } from './accounts/welcome.ts';
import type { LoginConfig } from './env.ts';
import { createKnownBrowsers } from './limits/known-browser.ts';
import { createTakeAttempt } from './limits/sign-in-limits.ts';
import type { Resources } from './open-resources.ts';
import type { AssetPaths } from './pages/layout.ts';
import { createPasswordHasher } from './passwords/password-hasher.ts';
import type { PageFrame } from './routes/define-page.ts';
import { createIdentifyBrowser } from './routes/identify-browser.ts';

export type LoginParts = Awaited<ReturnType<typeof buildParts>>;

/** What the routes are made of. The master key is proved to fit the database before anybody is served. */
export async function buildParts(config: LoginConfig, resources: Resources, assets: AssetPaths) {
  const { log, metrics, clock, ids, keys, redis, store } = resources;
  const { sql } = store;
  const scope = { tenant: config.tenant, project: config.project };
  const masterKey = config.switchyardMasterKey;
  const identity = createIdentity({ sql, redis, keys, clock, ids, config });
  await identity.check();
  const accounts = createAccounts(sql, scope);
  const known = createKnownBrowsers({
    key: deriveKey(masterKey, 'known-browser'),
    clock,
    ids,
    ttlMs: config.knownBrowserTtl,
  });
  const hasher = createPasswordHasher({
    ids,
    pepper: deriveKey(masterKey, 'password-pepper'),
    atOnce: config.passwordHashesAtOnce,
    queue: config.passwordQueue,
  });
  const take = createTakeAttempt(createAttemptLimits({ redis, keys }), config);
  const eventLog = createEventLog(redis, keys);
  const tellSignedOut = createSignOutNotice({
    relay: { publish: (entry) => eventLog.append(entry) },
    scope,
    clock,
  });
  const identifyBrowser = createIdentifyBrowser(identity);
  const endStreams = (userId: string): Promise<void> => tellSignedOut(identity.sessionIdOf(userId));
  const frame: PageFrame = { assets, publicUrl: config.publicUrl, log, formTargets: [] };
  return {
    config,
    log,
    identity,
    accounts,
    known,
    frame,
    identifyBrowser,
    endStreams,
    signInByPassword: createSignInByPassword({ accounts, hasher, known, take }),
    changePassword: createChangePassword({
      accounts,
      hasher,
      take,
      minCharacters: config.passwordMinCharacters,
    }),
    welcome: createWelcome(identity, known),
    signOut: createSignOut({ identity, identifyBrowser, endStreams }),
    attempts: metrics.counter('switchyard_login_attempts_total', 'Attempts to sign in.', ['at', 'outcome']),
  };
}
