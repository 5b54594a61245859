import { duration, flag, integer, list, optionalSecret, text } from '@switchyard/kernel';
import { ratesSetting } from '@switchyard/admission';
import { z } from 'zod';

/** Settings of how people sign in by themselves. */
export const loginSettings = {
  passwordMinCharacters: integer(12, 8, 64).describe('Shortest password'),
  passwordWords: list([]).describe(
    'Words of this installation that no password may be made of, as names of products and projects; its name, address, tenant and project are among them',
  ),
  passwordHashesAtOnce: integer(2, 1, 64).describe(
    'Passwords that are hashed at once; each takes 19 MiB and a thread for some 70 ms',
  ),
  passwordQueue: integer(64, 1, 10_000).describe(
    'Sign-ins that wait for their password to be hashed; more are answered with 503',
  ),
  attemptsOfAddress: ratesSetting('30/10m').describe(
    'Failed attempts of one address per window, whatever they are at; an IPv6 address counts by its /64',
  ),
  attemptsOfAccount: ratesSetting('10/10m,40/1d').describe(
    'Failed attempts at one account per window, from browsers that have never signed in to it',
  ),
  attemptsOfBrowser: ratesSetting('10/10m').describe(
    'Failed attempts at one account per window, of one browser that has signed in to it before',
  ),
  knownBrowserTtl: duration('180d').describe(
    'How long a browser counts as one that has signed in to an account',
  ),
  secondFactorRequired: list([])
    .pipe(z.array(z.enum(['privileged', 'paid', 'registered'])))
    .describe(
      'User types whose password alone opens nothing: `privileged` are administrators. Who has no one-time codes sets them up at the next sign-in',
    ),
  productName: text('Switchyard').describe('Name of this installation in apps for one-time codes'),
  mailUrl: optionalSecret().describe(
    'Mail server, `smtps://user:password@host` or `smtp://...` with STARTTLS; empty: no mail is sent, and in development mails stand in the log',
  ),
  mailFrom: text('Switchyard <no-reply@localhost>').describe('Sender of mails'),
  mailLinkTtl: duration('30m').describe('Life of a mailed link'),
  mailQueue: integer(100, 1, 10_000).describe('Mails that wait to be sent; more are answered with 503'),
  mailsOfAccount: ratesSetting('3/1h,10/1d').describe('Links that are mailed to one account per window'),
  mailsOfAddress: ratesSetting('10/1h').describe('Links that one address may ask for per window'),
  passwordsAllowed: flag(true).describe(
    'Whether people sign in with passwords; without it the issuer is the only way',
  ),
  oidcClientSecret: optionalSecret().describe(
    'Secret of this installation at the issuer; empty: a public client',
  ),
  oidcScopes: text('openid profile email').describe(
    'What is asked of the issuer; many give a refresh token only with `offline_access` among them',
  ),
  oidcAuthorizeParameters: text('').describe(
    'More parameters of the way to the issuer, as `access_type=offline&prompt=consent`',
  ),
  oidcLabel: text('your organisation').describe('What the button for signing in at the issuer calls it'),
  signUpAllowed: flag(false).describe('Whether people may sign up by themselves; mail must be sent'),
  signUpDomains: list([]).describe('Mail domains that may sign up; empty: all'),
};
