import type { Fault } from './faults/fault.ts';
import { createRandom } from './random.ts';

/** A fault with its place and time; the whole of it follows from the seed. */
export interface PlannedFault {
  readonly number: number;
  readonly fault: Fault;
  readonly target: string;
  readonly atMs: number;
  readonly lastsMs: number;
}

const [SHORTEST_GAP_MS, LONGEST_GAP_MS] = [500, 3500];
/** What a process that was killed needs to stand again: until then nothing else takes hold of it. */
const RECOVERY_MS = 4000;
const WARM_UP_MS = 2000;

/**
 * Deals from a shuffled deck, so that a run of some minutes has everything at least once. A fault whose things are all held waits for
 * the next gap.
 */
export const planFaults = (
  seed: string,
  seconds: number,
  cards: readonly (readonly [fault: Fault, cards: number])[],
): PlannedFault[] => {
  const random = createRandom(`${seed}/faults`);
  const freeAt = new Map<string, number>();
  const planned: PlannedFault[] = [];
  const fullDeck = cards.flatMap(([fault, count]) => Array.from({ length: count }, () => fault));
  if (fullDeck.length === 0) return [];
  let deck: Fault[] = [];
  let now = WARM_UP_MS;
  while (now < seconds * 1000) {
    if (deck.length === 0) deck = random.shuffled(fullDeck);
    const isFree = (fault: Fault, target: string): boolean =>
      fault.holds(target).every((thing) => (freeAt.get(thing) ?? 0) <= now);
    const at = deck.findIndex((fault) => fault.targets.some((target) => isFree(fault, target)));
    const [fault] = at < 0 ? [] : deck.splice(at, 1);
    if (fault !== undefined) {
      const target = random.pick(fault.targets.filter((each) => isFree(fault, each)));
      const lastsMs = random.between(...fault.lastsMs);
      for (const thing of fault.holds(target)) freeAt.set(thing, now + lastsMs + RECOVERY_MS);
      planned.push({ number: planned.length + 1, fault, target, atMs: now, lastsMs });
    }
    now += random.between(SHORTEST_GAP_MS, LONGEST_GAP_MS);
  }
  return planned;
};
