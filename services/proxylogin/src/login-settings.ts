import { duration, integer } from '@switchyard/kernel';
import { ratesSetting } from '@switchyard/admission';

/** Settings of how people sign in by themselves. */
export const loginSettings = {
  passwordMinCharacters: integer(12, 8, 64).describe('Shortest password'),
  passwordHashesAtOnce: integer(2, 1, 64).describe(
    'Passwords that are hashed at once; each takes 19 MiB and a thread for some 50 ms',
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
};
