import { createIssuerKeys, readMasterKeys } from '@switchyard/identity';
import type { Identity } from '@switchyard/identity';
import { createUsers } from '@switchyard/store';
import type { LoginConfig } from '../env.ts';
import type { Resources } from '../open-resources.ts';
import { createBackChannelLogout } from './back-channel-logout.ts';
import { createIssuerSignIn } from './issuer-sign-in.ts';
import { createIssuer } from './issuer.ts';
import { createLogoutHints } from './logout-hints.ts';

export type OidcParts = NonNullable<ReturnType<typeof createOidcParts>>;

/** Undefined: people do not sign in at an issuer here. Asks nobody until somebody does. */
export function createOidcParts(parts: {
  config: LoginConfig;
  resources: Resources;
  identity: Identity;
  endStreams: (userId: string) => Promise<void>;
}) {
  const { config, resources, identity, endStreams } = parts;
  if (config.oidcIssuer === '' || config.oidcClientId === '') return undefined;
  const { clock, ids, keys, redis, store } = resources;
  const scope = { tenant: config.tenant, project: config.project };
  const issuer = createIssuer(config, clock);
  const hints = createLogoutHints({ masterKeys: readMasterKeys(config), ids });
  const users = createUsers(store.sql, scope);
  const shared = { redis, keys, config };
  return {
    issuer,
    hints,
    signIn: createIssuerSignIn({ ...shared, issuer, users, hints, ids }),
    backChannelLogout: createBackChannelLogout({
      ...shared,
      keysOfIssuer: createIssuerKeys(config.oidcIssuer),
      identity,
      endStreams,
      clock,
    }),
  };
}
