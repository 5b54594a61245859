import { createHash } from 'node:crypto';

/** Repeatable randomness: the same seed gives the same numbers. */
export interface Random {
  /** From 0 up to, not including, 1. */
  next(): number;
  /** A whole number, both ends included. */
  between(low: number, high: number): number;
  isLikely(share: number): boolean;
  pick<T>(items: readonly T[]): T;
  /** By weight: `[['a', 3], ['b', 1]]` gives `a` three times as often. */
  weigh<T>(items: readonly (readonly [item: T, weight: number])[]): T;
  shuffled<T>(items: readonly T[]): T[];
  /** Gap to the next of events that come `meanMs` apart, each when it likes: an open loop. */
  gapMs(meanMs: number): number;
  /** Letters and digits. */
  word(length: number): string;
}

const TWO_TO_32 = 4_294_967_296;

/** mulberry32: small, and good enough for choosing what to break. */
export const createRandom = (seed: string): Random => {
  let state = createHash('sha256').update(seed).digest().readUInt32LE(0);
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / TWO_TO_32;
  };
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  const pick = <T>(items: readonly T[]): T => {
    const item = items[between(0, items.length - 1)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  };
  return {
    next,
    between,
    pick,
    isLikely: (share) => next() < share,
    weigh: (items) => {
      let left = next() * items.reduce((sum, [, weight]) => sum + weight, 0);
      for (const [item, weight] of items) {
        left -= weight;
        if (left < 0) return item;
      }
      return pick(items)[0];
    },
    shuffled: (items) =>
      items
        .map((item) => [next(), item] as const)
        .toSorted(([left], [right]) => left - right)
        .map(([, item]) => item),
    gapMs: (meanMs) => Math.min(-Math.log(1 - next()) * meanMs, 5 * meanMs),
    word: (length) =>
      Array.from({ length }, () => 'abcdefghijklmnopqrstuvwxyz0123456789'.charAt(between(0, 35))).join(''),
  };
};
