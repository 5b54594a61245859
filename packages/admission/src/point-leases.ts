import type { Clock } from '@switchyard/kernel';
import type { Rate } from './parse-rates.ts';

/** How long points that were taken ahead may be used; unused ones go back after as long again. */
const LEASE_MS = 1000;
/** Points of one lease at most. */
const MAX_POINTS = 32;
/** Of a window's calls, what one lease may hold; and how many such leases must still be left, so that processes do not crowd each other. */
const LARGEST_SHARE = 0.05;
const LEASES_LEFT = 4;
const MAX_KNOWN = 20_000;

/** One bucket of one caller, as this process last saw it. */
interface Lease {
  readonly rate: Rate;
  /** What it began with, and what is left of it. */
  readonly size: number;
  points: number;
  /** Of the window, by the store's last answer. */
  readonly remaining: number;
  /** Monotonic milliseconds. */
  readonly usableUntil: number;
  readonly windowEnds: number;
}

export interface LeftOver {
  readonly key: string;
  readonly rate: Rate;
  readonly points: number;
}

/**
 * The size of a busy caller's next lease: twice the last one where that did not last, else what was used of it. None where the window is
 * small, or not far from used up. Pure.
 */
export function decideLease(
  { calls }: Rate,
  { size, points, remaining }: Pick<Lease, 'size' | 'points' | 'remaining'>,
): number {
  const used = size - points;
  const wanted = points === 0 ? Math.max(1, size * 2) : used;
  const next = Math.min(wanted, MAX_POINTS, Math.floor(calls * LARGEST_SHARE));
  return next * LEASES_LEFT <= remaining ? next : 0;
}

/**
 * Points that were counted in Redis ahead of the calls that use them, for two seconds at most: a busy caller costs one round trip for
 * many calls. For that time others may find too few left, never too many.
 */
export function createPointLeases(clock: Pick<Clock, 'monotonic'>) {
  const leases = new Map<string, Lease>();
  return {
    /** True: a point was there, and the call is counted. */
    use(key: string): boolean {
      const lease = leases.get(key);
      if (lease === undefined || lease.points === 0 || clock.monotonic() >= lease.usableUntil) return false;
      lease.points -= 1;
      return true;
    },
    /** How many to take beside the call itself. */
    wanted(key: string, rate: Rate): number {
      const lease = leases.get(key);
      if (lease === undefined || clock.monotonic() >= lease.windowEnds) return 0;
      return Math.max(0, decideLease(rate, lease) - lease.points);
    },
    /** What the store answered to a call that took so many `ahead`. */
    keep(key: string, rate: Rate, ahead: number, answer: { remaining: number; windowMs: number }): void {
      const now = clock.monotonic();
      const former = leases.get(key);
      // What is left of this window stays counted, so it stays usable.
      const left = former !== undefined && now < former.windowEnds ? former.points : 0;
      const points = ahead + left;
      const windowEnds = now + answer.windowMs;
      if (leases.size >= MAX_KNOWN) leases.clear();
      leases.set(key, {
        rate,
        size: points,
        points,
        remaining: answer.remaining,
        usableUntil: Math.min(now + LEASE_MS, windowEnds),
        windowEnds,
      });
    },
    forget: (key: string): void => void leases.delete(key),
    get count(): number {
      return leases.size;
    },
    /** Of callers who have become quiet: what nobody used. Where the window is over there is nothing to give back. */
    takeLeftOver(): LeftOver[] {
      const now = clock.monotonic();
      const over: LeftOver[] = [];
      for (const [key, { rate, points, usableUntil, windowEnds }] of leases) {
        if (now < usableUntil + LEASE_MS) continue;
        leases.delete(key);
        // Given back to a window that ends meanwhile, it would be a gift to the next one.
        if (points > 0 && now + LEASE_MS < windowEnds) over.push({ key, rate, points });
      }
      return over;
    },
    sweepMs: LEASE_MS,
  };
}
