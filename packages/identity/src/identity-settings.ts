import { duration, flag, text } from '@switchyard/kernel';
import { COOKIE } from '@switchyard/protocol';
import { z } from 'zod';
import { masterKeySettings } from './master-keys.ts';
import { providerSettings } from './provider-settings.ts';

/** Settings of identity, for a service's own schema: `z.object({...identitySettings, port: ...})`. */
export const identitySettings = {
  ...providerSettings,
  ...masterKeySettings,
  tokenIssuer: text('switchyard').describe('Issuer written into and asked of own tokens'),
  rolePrefix: text('kdcube:role:').describe('Prefix of role names'),
  anonymousAllowed: flag(false).describe('Whether people may chat without signing in'),
  accessTokenTtl: duration('12h').describe('Life of a token that is given out for scripts'),
  signInTtl: duration('7d').describe('Life of a sign-in of a browser'),
  signInIdleTtl: duration('3d').describe(
    'A sign-in that is not used for so long is over, counted from when its token was last made anew; takes proxylogin, and at least twice `BROWSER_TOKEN_TTL`',
  ),
  proveAgainAfter: duration('15m').describe(
    'Who ends sign-ins proves himself again when his own is older than this; `0s`: always',
  ),
  signInPath: text('').describe(
    'Where people sign in, `/auth/sign-in` with proxylogin; empty: there is none, and a sign-in is one token for its whole life',
  ),
  browserTokenTtl: duration('15m').describe(
    'Life of the token behind a cookie; it is made anew as long as the sign-in lives',
  ),
  renewAhead: duration('1m').describe('So long before its end the token behind a cookie is made anew'),
  redeemLinkTtl: duration('15m').describe('Life of a one-time sign-in link'),
  streamTicketTtl: duration('30s').describe('Life of a one-use ticket for opening a stream'),
  widgetTicketTtl: duration('10m').describe(
    'Life of a ticket for the files of a widget and the operations of its bundle',
  ),
  sessionTtl: duration('24h').describe('How long a session is remembered after its last use'),
  anonymousTtl: duration('30d').describe('How long a browser without sign-in keeps its conversations'),
  accessTokenCookie: text(COOKIE.accessToken).describe('Name of the cookie that may carry an access token'),
  idTokenCookie: text(COOKIE.idToken).describe('Name of the cookie that may carry an id token'),
  maskedCookie: text(COOKIE.masked).describe('Name of the cookie that stands for a token'),
  anonymousCookie: text(COOKIE.anonymous).describe('Name of the cookie of people who are not signed in'),
};

const schema = z.object(identitySettings);

/** What `createIdentity` takes: a service's checked settings, plus its scope. */
export type IdentityConfig = Readonly<z.output<typeof schema>> & {
  readonly tenant: string;
  readonly project: string;
  /** Development tolerates what production refuses; absent is production. */
  readonly nodeEnv?: string | undefined;
};
