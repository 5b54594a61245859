import { isIPv6 } from 'node:net';
import type { AttemptLimits, AttemptSubject } from '@switchyard/admission';
import type { LoginConfig } from '../env.ts';

export interface Attempt {
  /** What is guessed at: `password`, `code`, `mail`. */
  readonly at: string;
  /** The account, or what somebody took for one. */
  readonly account: string;
  readonly address: string | undefined;
  /** Set for a browser that has signed in to the account before. */
  readonly browserId: string | undefined;
}

type Rates = Pick<LoginConfig, 'attemptsOfAddress' | 'attemptsOfAccount' | 'attemptsOfBrowser'>;

/**
 * Who pays for an attempt. A browser that is known to the account pays alone: neither those who guess at the account from elsewhere nor
 * those who share its address can use its attempts up.
 */
export function decideSubjects(attempt: Attempt, rates: Rates): AttemptSubject[] {
  const { at, account, address, browserId } = attempt;
  if (browserId !== undefined)
    return [{ name: `${at}:browser:${browserId}`, rates: rates.attemptsOfBrowser }];
  const ofAccount = { name: `${at}:account:${account}`, rates: rates.attemptsOfAccount };
  if (address === undefined) return [ofAccount];
  return [
    { name: `${at === 'mail' ? 'mail:' : ''}address:${networkOf(address)}`, rates: rates.attemptsOfAddress },
    ofAccount,
  ];
}

/** One household has 2^64 IPv6 addresses. */
function networkOf(address: string): string {
  if (!isIPv6(address)) return address;
  const url = new URL(`http://[${address.split('%', 1)[0]}]`);
  const groups = url.hostname.slice(1, -1).split('::');
  const [head = [], tail = []] = groups.map((part) => (part === '' ? [] : part.split(':')));
  const zeros = groups.length < 2 ? [] : Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return `${[...head, ...zeros, ...tail].slice(0, 4).join(':')}::/64`;
}

export type TakeAttempt = (attempt: Attempt) => Promise<() => Promise<void>>;

export const createTakeAttempt =
  (limits: AttemptLimits, rates: Rates): TakeAttempt =>
  (attempt) =>
    limits.take(decideSubjects(attempt, rates));
