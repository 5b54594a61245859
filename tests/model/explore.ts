import { runSchedule } from './schedule.ts';
import type { Choice, Deviation, Pick, Run } from './schedule.ts';
import type { Scenario } from './scenarios.ts';
import type { Bench } from './world.ts';

export interface Failure extends Run {
  readonly scenario: string;
  readonly seed?: number;
}
export interface Outcome {
  schedules: number;
  steps: number;
  /** Different states in which a choice was looked at. */
  states: number;
  /** All schedules with so many departures from the default order have been run. */
  complete: number;
  failure: Failure | undefined;
}
export interface Limits {
  /** After so many schedules. Not asked before all with one departure are done. */
  readonly isEnough: (schedules: number) => boolean;
  /** Departures that are not faults. */
  readonly preemptions: number;
}

let serial = 0;
export const nextName = (scenario: Scenario): string => `${scenario.name}-${++serial}`;

interface Node {
  readonly deviations: readonly Deviation[];
  readonly preemptions: number;
}

/**
 * All schedules with few departures from the default order before those with more: preemptions up to the limit, faults up to the
 * scenario's. A state that was reached before with as few preemptions is not followed again.
 */
export async function exploreAll(bench: Bench, scenario: Scenario, limits: Limits): Promise<Outcome> {
  const outcome: Outcome = { schedules: 0, steps: 0, states: 0, complete: -1, failure: undefined };
  const seen = new Map<string, number>();
  let level: Node[] = [{ deviations: [], preemptions: 0 }];
  while (level.length > 0) {
    const next: Node[] = [];
    for (const node of level) {
      if (outcome.complete >= 1 && limits.isEnough(outcome.schedules))
        return { ...outcome, states: seen.size };
      const run = await runNode(bench, scenario, node, limits, seen, next);
      outcome.schedules += 1;
      outcome.steps += run.trace.length;
      if (run.violations.length > 0) {
        outcome.failure = { ...run, scenario: scenario.name };
        return { ...outcome, states: seen.size };
      }
    }
    outcome.complete += 1;
    level = next;
  }
  return { ...outcome, complete: Number.POSITIVE_INFINITY, states: seen.size };
}

function runNode(
  bench: Bench,
  scenario: Scenario,
  node: Node,
  limits: Limits,
  seen: Map<string, number>,
  next: Node[],
): Promise<Run> {
  const lastAt = node.deviations.at(-1)?.[0] ?? -1;
  const pick: Pick = ({ at, choices, fingerprint }) => {
    if (at <= lastAt) return indexOf(choices, node.deviations.find(([own]) => own === at)?.[1]);
    const state = fingerprint();
    const known = seen.get(state);
    if (known !== undefined && known <= node.preemptions) return undefined;
    seen.set(state, node.preemptions);
    for (const choice of choices.slice(1)) {
      const preemptions = node.preemptions + (choice.fault === undefined ? 1 : 0);
      if (preemptions <= limits.preemptions)
        next.push({ deviations: [...node.deviations, [at, choice.name]], preemptions });
    }
    return 0;
  };
  return runSchedule(bench, scenario, nextName(scenario), pick);
}

function indexOf(choices: readonly Choice[], name: string | undefined): number {
  if (name === undefined) return 0;
  const found = choices.findIndex((choice) => choice.name === name);
  if (found < 0)
    throw new Error(
      `${name} cannot happen here; possible: ${choices.map((choice) => choice.name).join(', ')}`,
    );
  return found;
}

/** A schedule again, from its departures. */
export function replay(bench: Bench, scenario: Scenario, deviations: readonly Deviation[]): Promise<Run> {
  const pick: Pick = ({ at, choices }) => indexOf(choices, deviations.find(([own]) => own === at)?.[1]);
  return runSchedule(bench, scenario, nextName(scenario), pick);
}

/** Small and good enough, and the same everywhere (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const FAULT_SHARE = 0.5;

/** One schedule by a seed: departs now and then, faults and preemptions in turn. */
export function runRandom(bench: Bench, scenario: Scenario, seed: number, preemptions: number): Promise<Run> {
  const random = createRandom(seed);
  const share = 0.05 + 0.25 * random();
  let left = preemptions;
  const pick: Pick = ({ choices }) => {
    if (random() >= share) return 0;
    const wantsFault = random() < FAULT_SHARE;
    const others = choices.flatMap((choice, index) =>
      index > 0 && (choice.fault !== undefined) === wantsFault && (wantsFault || left > 0) ? [index] : [],
    );
    const picked = others[Math.floor(random() * others.length)] ?? 0;
    if (picked > 0 && !wantsFault) left -= 1;
    return picked;
  };
  return runSchedule(bench, scenario, nextName(scenario), pick);
}

export function story(failure: Failure): string {
  const { scenario, seed, deviations, violations, trace } = failure;
  return [
    violations.join('\n'),
    `scenario ${scenario}${seed === undefined ? '' : `, seed ${seed}`}; replay: MODEL_REPLAY='${JSON.stringify({ scenario, deviations })}'`,
    ...trace.map((line, at) => `${String(at).padStart(3)} ${line}`),
  ].join('\n');
}
