import { vi } from 'vitest';
import { startActors } from './actors.ts';
import { faultsOf, keepCopy, spend } from './faults.ts';
import { settled } from './gates.ts';
import type { Mishap, Thread } from './gates.ts';
import { isLifeOf } from './processes.ts';
import { passPause, startTime, wakeKeepers } from './time.ts';
import { judgeEnd, judgeStep } from './verdict.ts';
import { createWorld, fingerprint } from './world.ts';
import type { Bench, World } from './world.ts';
import type { FaultName, Scenario } from './scenarios.ts';

/** One thing that may happen next. `fault`: it is one of the scenario's faults; otherwise a thread's next step. */
export interface Choice {
  readonly name: string;
  readonly fault?: FaultName;
  readonly thread?: Thread;
  act(): Promise<void> | void;
}
/** Departures from the default order: at which step, and what happened instead. */
export type Deviation = readonly [at: number, choice: string];

export interface Point {
  readonly at: number;
  readonly choices: readonly Choice[];
  /** Of the state in which the choice is made. */
  readonly fingerprint: () => string;
}
/** Picks a choice by its place; the first is the default. Undefined: enough seen, stop here. */
export type Pick = (point: Point) => number | undefined;

export interface Run {
  readonly violations: readonly string[];
  readonly deviations: readonly Deviation[];
  readonly trace: readonly string[];
  readonly isWhole: boolean;
}

const MOST_STEPS = 400;
/** Who goes on when the current thread waits: the client first, those who repair last. */
const ORDER = [
  'I',
  'client',
  'W1',
  'W2',
  'W3',
  'W4',
  'C',
  'W1~',
  'W2~',
  'W3~',
  'W4~',
  'RB',
  'TM',
  'RP',
  'RC',
];
const rank = ({ stalled, scenario }: World, { name }: Thread): number => {
  if (stalled.has(name) || (scenario.late !== undefined && name.startsWith(`I.${scenario.late}`)))
    return ORDER.length;
  return ORDER.findIndex((prefix) => name === prefix || isLifeOf(name, prefix));
};

const ready = (thread: Thread) => thread.gate?.canOpen() === true;

/** Runs one schedule to quiescence, or until a violation. */
export async function runSchedule(bench: Bench, scenario: Scenario, name: string, pick: Pick): Promise<Run> {
  const world = await createWorld(bench, scenario, name);
  const trace: string[] = [];
  const deviations: Deviation[] = [];
  let current = '';
  let isWhole = true;
  startActors(world);
  startTime(world);
  await settled();
  if (world.left.older > 0) await keepCopy(world);
  for (let at = 0; ; at++) {
    const choices = choicesOf(world, current);
    if (choices.length === 0) break;
    if (at === MOST_STEPS) {
      world.say(`LIVELOCK: still at work after ${MOST_STEPS} steps`);
      break;
    }
    const picked = pick({ at, choices, fingerprint: () => fingerprint(world, current) });
    if (picked === undefined) {
      isWhole = false;
      break;
    }
    const choice = choices[picked];
    if (choice === undefined) throw new Error(`at ${at} there is no choice ${picked}`);
    if (choice === REST) break;
    if (picked > 0) deviations.push([at, choice.name]);
    const label = choice.thread?.gate?.label ?? '';
    const before = choice.thread?.history.length ?? 0;
    await choice.act();
    await settled();
    wakeKeepers(world);
    if (choice.fault === 'power') await world.refresh('rows');
    if (!/^(FIRST LINE|work|prepare|lock)/.test(label))
      await world.refresh(label.startsWith('row ') ? 'rows' : 'redis');
    if (world.left.older > 0 && label.startsWith('script ')) await keepCopy(world);
    if (choice.thread !== undefined) current = choice.thread.name;
    const answer = choice.thread?.history.slice(before).replace(/^[^=]*=?/s, '') ?? '';
    trace.push(
      `${picked > 0 ? '* ' : '  '}${choice.name}: ${label}${answer === '' ? '' : ` -> ${answer.slice(0, 90)}`}`,
    );
    judgeStep(world);
    if (world.violations.length > 0) break;
  }
  if (isWhole && world.violations.length === 0) judgeEnd(world);
  await close(world);
  return { violations: [...new Set(world.violations)], deviations, trace, isWhole };
}

/** Nobody has anything to do: by default that is the end. */
const REST: Choice = { name: 'rest', act: () => undefined };

/** The first is what happens by default: the current thread goes on; else the first in order. */
function choicesOf(world: World, current: string): Choice[] {
  const able = world.threads.filter(ready).toSorted((a, b) => rank(world, a) - rank(world, b));
  const own = able.find(({ name }) => name === current && !world.stalled.has(name));
  const inOrder = own === undefined ? able : [own, ...able.filter((thread) => thread !== own)];
  const steps = inOrder.map((thread) => stepOf(world, thread));
  const [first] = inOrder;
  const mishaps = first?.gate?.mishaps.filter((mishap) => world.left[mishap] > 0) ?? [];
  const faults = faultsOf(world, current);
  if (first === undefined) return faults.length === 0 ? [] : [REST, ...faults];
  return [...steps, ...mishaps.map((mishap) => stepOf(world, first, mishap)), ...faults];
}

const AWAY: ReadonlySet<string> = new Set(['away', 'unknown', 'outage', 'outageAfter']);

function stepOf(world: World, thread: Thread, mishap?: Mishap): Choice {
  return {
    name: mishap === undefined ? thread.name : `${thread.name}:${mishap}`,
    thread,
    ...(mishap === undefined ? {} : { fault: mishap }),
    act: async () => {
      if (mishap !== undefined) spend(world, mishap);
      world.stalled.delete(thread.name);
      const isAway = mishap !== undefined && AWAY.has(mishap);
      const hasAnswer = thread.awayLeft === 0 && !isAway;
      await thread.gate?.open(mishap);
      if (hasAnswer) return;
      await settled();
      passPause(world);
    },
  };
}

async function close(world: World): Promise<void> {
  for (const thread of world.threads) {
    thread.isDead = true;
    thread.gate = undefined;
  }
  for (const closer of world.closers) void closer();
  vi.clearAllTimers();
  const { driver } = world.connection;
  const found = await driver.keys(`${world.keys.prefix}:*`);
  const copies = world.copies.map(({ key }) => key);
  if (found.length + copies.length > 0) await driver.unlink([...found, ...copies]);
}
