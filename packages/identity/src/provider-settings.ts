import { list, optionalSecret, text } from '@switchyard/kernel';
import { z } from 'zod';

export const PROVIDER_NAMES = ['local', 'oidc', 'cloudflare-access', 'static'] as const;

const providers = list(['local']).transform((names, context) => {
  const known = names.flatMap((name) => PROVIDER_NAMES.find((each) => each === name) ?? []);
  if (known.length === names.length && known.length > 0 && new Set(known).size === known.length) return known;
  context.addIssue({ code: 'custom', message: `expected some of ${PROVIDER_NAMES.join(',')}, each once` });
  return z.NEVER;
});

/** `staff=paid,ops=admin` -> the issuer's role to ours. */
const roleMap = list([]).transform((pairs, context) => {
  const entries = pairs.map((pair) => pair.split('=').map((part) => part.trim()));
  const isGood = entries.every(([from, to, ...rest]) => from && to && rest.length === 0);
  if (isGood) return new Map(entries.map(([from = '', to = '']) => [from, to]));
  context.addIssue({ code: 'custom', message: 'expected pairs like staff=paid,ops=admin' });
  return z.NEVER;
});

/** Settings of who may say who somebody is: the same for every service that reads tokens. */
export const providerSettings = {
  identityProviders: providers.describe(
    'Origins of tokens that are accepted, in the order in which they are asked: local, oidc, cloudflare-access, static',
  ),
  oidcIssuer: text('').describe(
    'Issuer of the provider oidc, to the letter as its discovery document says it',
  ),
  oidcClientId: text('').describe('Id of this installation as a client of the issuer'),
  oidcAudience: list([]).describe(
    'Audiences of the issuer’s access tokens that are taken as credentials; empty: none is, people sign in by the page',
  ),
  oidcAlgorithms: list(['RS256', 'ES256', 'PS256', 'EdDSA']).describe(
    'Signature algorithms of the issuer’s tokens that are accepted',
  ),
  oidcRolesClaim: text('roles').describe(
    'Claim with the roles, by name or path: `realm_access.roles`, `cognito:groups`',
  ),
  oidcRolesMap: roleMap.describe(
    'What the issuer’s roles mean here: `staff=paid,ops=admin`; a role that is not named means nothing',
  ),
  oidcUsernameClaim: text('preferred_username').describe('Claim with the name that is shown'),
  cloudflareAccessIssuer: text('').describe(
    'Team of Cloudflare Access: `https://<team>.cloudflareaccess.com`',
  ),
  cloudflareAccessAudience: list([]).describe(
    'Audience tags of the Access applications in front of this stack',
  ),
  cloudflareAccessCertsUrl: text('').describe(
    'Where Access publishes its keys; empty: at the team’s address',
  ),
  staticTokens: optionalSecret().describe(
    'Fixed tokens for development, `token=user:role,role;...`; refused in production',
  ),
};
