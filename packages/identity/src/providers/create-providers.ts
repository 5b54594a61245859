import { PlatformError } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import type { IdentityConfig } from '../identity-settings.ts';
import { createAccessProvider } from './cloudflare-access.ts';
import { createIssuerKeys, requireSecureUrl } from './issuer-keys.ts';
import { createOidcProvider } from './oidc-provider.ts';
import type { ClaimNames } from './read-claims.ts';
import { createStaticProvider } from './static-provider.ts';
import { readUnverified } from './token-provider.ts';
import type { TokenIdentity, TokenProvider } from './token-provider.ts';
import { createExternalVerifier } from './verify-external.ts';

export type ProveToken = (
  token: string,
  use: 'access' | 'id',
) => Promise<{ provider: string; user: TokenIdentity }>;

/** The configured providers, in order. Throws CONFIG for one that lacks what it needs. */
export function createProviders(config: IdentityConfig, local: TokenProvider, clock: Clock): TokenProvider[] {
  return config.identityProviders.map((name) => {
    switch (name) {
      case 'local':
        return local;
      case 'oidc':
        return openOidc(config, clock);
      case 'cloudflare-access':
        return openAccess(config, clock);
      case 'static':
        return createStaticProvider({
          tokens: config.staticTokens?.reveal() ?? '',
          rolePrefix: config.rolePrefix,
          nodeEnv: config.nodeEnv,
          clock,
        });
    }
  });
}

/** The first provider that recognises a token decides: a token that it refuses is not tried elsewhere. */
export function createTokenProver(providers: readonly TokenProvider[]): ProveToken {
  return async (text, use) => {
    // Most tokens of a request were those of the one before it. Nobody else can recognise what was proven here: no two have the same issuer.
    for (const each of providers) {
      const user = each.known?.(text, use);
      if (user !== undefined) return { provider: each.name, user };
    }
    const token = readUnverified(text);
    const provider = token === undefined ? undefined : providers.find((each) => each.recognises(token));
    if (provider === undefined) throw PlatformError.of('BAD_TOKEN');
    return { provider: provider.name, user: await provider.prove(text, use) };
  };
}

export function claimNames(config: IdentityConfig): ClaimNames {
  return {
    rolesClaim: config.oidcRolesClaim,
    usernameClaim: config.oidcUsernameClaim,
    roleMap: config.oidcRolesMap,
    rolePrefix: config.rolePrefix,
  };
}

function openOidc(config: IdentityConfig, clock: Clock): TokenProvider {
  const { oidcIssuer: issuer } = config;
  if (issuer === '') throw PlatformError.of('CONFIG', 'the identity provider oidc needs OIDC_ISSUER');
  if (issuer === config.tokenIssuer)
    throw PlatformError.of('CONFIG', 'OIDC_ISSUER and TOKEN_ISSUER must not be the same');
  requireSecureUrl(issuer);
  const verify = createExternalVerifier({
    issuer,
    keys: createIssuerKeys(issuer),
    algorithms: config.oidcAlgorithms,
    clock,
  });
  return createOidcProvider({
    issuer,
    audiences: config.oidcAudience,
    clientId: config.oidcClientId,
    verify,
    claims: claimNames(config),
  });
}

function openAccess(config: IdentityConfig, clock: Clock): TokenProvider {
  const { cloudflareAccessIssuer: issuer, cloudflareAccessAudience: audiences } = config;
  if (issuer === '' || audiences.length === 0)
    throw PlatformError.of(
      'CONFIG',
      'the identity provider cloudflare-access needs CLOUDFLARE_ACCESS_ISSUER and CLOUDFLARE_ACCESS_AUDIENCE',
    );
  const certsUrl = config.cloudflareAccessCertsUrl === '' ? undefined : config.cloudflareAccessCertsUrl;
  return createAccessProvider({ issuer, audiences, certsUrl }, claimNames(config), clock);
}
