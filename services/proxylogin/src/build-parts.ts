import { createAttemptLimits } from '@switchyard/admission';
import type { Ids, Scope } from '@switchyard/kernel';
import { roleNames } from '@switchyard/protocol';
import { createIdentity, deriveKeys, openKeptKeys, readMasterKeys } from '@switchyard/identity';
import type { Identity } from '@switchyard/identity';
import { createEventLog, createSignOutNotice } from '@switchyard/relay';
import { createAccounts } from '@switchyard/store';
import type { Accounts } from '@switchyard/store';
import { createChangePassword } from './accounts/change-password.ts';
import { createHalfWay } from './accounts/half-way.ts';
import { createEnter } from './accounts/enter.ts';
import { createMailLinks } from './accounts/mail-links.ts';
import type { MailLinks } from './accounts/mail-links.ts';
import { createProveAgain } from './accounts/prove-again.ts';
import { createSecondFactor } from './accounts/second-factor.ts';
import { createJoin, createResetPassword } from './accounts/use-mail-link.ts';
import { createMailer } from './mail/create-mailer.ts';
import { openResealers } from './open-resealers.ts';
import { createSignInByPassword } from './accounts/sign-in-by-password.ts';
import { createSignOut } from './accounts/sign-out.ts';
import { createWelcome } from './accounts/welcome.ts';
import type { LoginConfig } from './env.ts';
import { createKnownBrowsers } from './limits/known-browser.ts';
import { createTakeAttempt } from './limits/sign-in-limits.ts';
import type { Resources } from './open-resources.ts';
import type { AssetPaths } from './pages/layout.ts';
import { createOidcParts } from './oidc/create-oidc-parts.ts';
import type { PasswordRule } from './passwords/decide-password.ts';
import { openPasswordRule } from './passwords/open-password-rule.ts';
import { createPasswordHasher } from './passwords/password-hasher.ts';
import type { PasswordHasher } from './passwords/password-hasher.ts';
import type { PageFrame } from './routes/define-page.ts';
import { createIdentifyBrowser } from './routes/identify-browser.ts';

export type LoginParts = Awaited<ReturnType<typeof buildParts>>;

/** What the routes are made of. The master key is proved to fit the database before anybody is served. */
export async function buildParts(
  config: LoginConfig,
  resources: Resources,
  assets: AssetPaths,
  closing: Scope,
) {
  const { log, metrics, clock, ids, keys, redis, store } = resources;
  const { sql } = store;
  const scope = { tenant: config.tenant, project: config.project };
  const masterKeys = readMasterKeys(config);
  const kept = await openKeptKeys({ sql, ids, config });
  const identity = createIdentity({ sql, redis, keys, clock, ids, config, kept });
  await identity.check();
  await openResealers({ config, resources, closing });
  const accounts = createAccounts(sql, scope);
  const known = createKnownBrowsers({
    keys: deriveKeys(masterKeys, 'known-browser'),
    clock,
    ids,
    ttlMs: config.knownBrowserTtl,
  });
  const hasher = createPasswordHasher({
    ids,
    peppers: kept.allOf('password-pepper'),
    atOnce: config.passwordHashesAtOnce,
    queue: config.passwordQueue,
  });
  const rule = await openPasswordRule(config);
  const limits = createAttemptLimits({ redis, keys });
  const take = createTakeAttempt(limits, config);
  const secondFactor = createSecondFactor({
    accounts,
    hasher,
    masterKeys,
    recoveryKeys: kept.allOf('recovery-code'),
    requiredFor: config.secondFactorRequired,
    clock,
    ids,
  });
  const desk = createMailer(config, resources, closing);
  const mail = desk && createMailLinks({ accounts, desk, redis, keys, ids, limits, known, config });
  const eventLog = createEventLog(redis, keys);
  const tellSignedOut = createSignOutNotice({
    relay: { publish: (entry) => eventLog.append(entry) },
    scope,
    clock,
  });
  const identifyBrowser = createIdentifyBrowser(identity);
  const endStreams = (userId: string): Promise<void> => tellSignedOut(identity.sessionIdOf(userId));
  const oidc = createOidcParts({ config, resources, identity, endStreams });
  const halfWay = createHalfWay({ redis, keys, ids });
  const welcome = createWelcome(identity, known, log);
  const frame: PageFrame = {
    assets,
    publicUrl: config.publicUrl,
    log,
    formTargets: () => oidc?.issuer.formTargets() ?? [],
  };
  return {
    config,
    log,
    identity,
    accounts,
    known,
    frame,
    identifyBrowser,
    endStreams,
    oidc,
    secondFactor,
    halfWay,
    ...createProveAgain({ accounts, hasher, secondFactor, known, take }),
    ...createMailParts({ accounts, hasher, rule, identity, ids, config, mail }),
    signInByPassword: createSignInByPassword({ accounts, hasher, known, take }),
    changePassword: createChangePassword({ accounts, mail, hasher, take, rule }),
    welcome,
    enter: createEnter({ secondFactor, halfWay, welcome, identifyBrowser }),
    signOut: createSignOut({ identity, identifyBrowser, endStreams, oidc, log }),
    attempts: metrics.counter('switchyard_login_attempts_total', 'Attempts to sign in.', ['at', 'outcome']),
  };
}

/** What needs mail; undefined where none is sent. */
function createMailParts(parts: {
  accounts: Accounts;
  hasher: PasswordHasher;
  rule: PasswordRule;
  identity: Identity;
  ids: Ids;
  config: LoginConfig;
  mail: MailLinks | undefined;
}) {
  const { mail, config } = parts;
  const role = roleNames(config.rolePrefix).registered;
  const shared = mail && { ...parts, mail, role };
  return {
    mail: shared && {
      ...shared.mail,
      resetPassword: createResetPassword(shared),
      join: createJoin(shared),
    },
  };
}
