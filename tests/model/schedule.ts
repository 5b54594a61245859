import { vi } from 'vitest';
import { startActors, startRebuild, impatience, rebuilding } from './actors.ts';
import { kill, settled, step } from './gates.ts';
import type { Mishap, Thread } from './gates.ts';
import { RENEW_TICK_MS } from './worker-actor.ts';
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
const ORDER = ['I', 'client', 'W1', 'W2', 'C', 'W1~', 'W2~', 'RB', 'TM', 'RP', 'RC'];
const rank = ({ stalled, scenario }: World, { name }: Thread): number => {
  if (stalled.has(name) || (scenario.late !== undefined && name.startsWith(`I.${scenario.late}`)))
    return ORDER.length;
  return ORDER.findIndex((prefix) => name === prefix || isLifeOf(name, prefix));
};
const isLifeOf = (name: string, prefix: string) => new RegExp(`^${prefix}(\\d+|\\..*)$`).test(name);

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
    if (picked > 0) deviations.push([at, choice.name]);
    const label = choice.thread?.gate?.label ?? '';
    const before = choice.thread?.history.length ?? 0;
    await choice.act();
    await settled();
    wakeRebuild(world);
    if (!label.startsWith('FIRST LINE')) await world.refresh(label.startsWith('row ') ? 'rows' : 'redis');
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

/** The first is what happens by default: the current thread goes on; else the first in order. */
function choicesOf(world: World, current: string): Choice[] {
  const able = world.threads.filter(ready).toSorted((a, b) => rank(world, a) - rank(world, b));
  const own = able.find(({ name }) => name === current && !world.stalled.has(name));
  const inOrder = own === undefined ? able : [own, ...able.filter((thread) => thread !== own)];
  const steps = inOrder.map((thread) => stepOf(world, thread));
  const [first] = inOrder;
  const mishaps = first?.gate?.mishaps.filter((mishap) => world.left[mishap] > 0) ?? [];
  return [
    ...steps,
    ...(first === undefined ? [] : mishaps.map((mishap) => stepOf(world, first, mishap))),
    ...faultsOf(world, current),
  ];
}

function stepOf(world: World, thread: Thread, mishap?: Mishap): Choice {
  return {
    name: mishap === undefined ? thread.name : `${thread.name}:${mishap}`,
    thread,
    ...(mishap === undefined ? {} : { fault: mishap }),
    act: async () => {
      if (mishap !== undefined) spend(world, mishap);
      world.stalled.delete(thread.name);
      await thread.gate?.open(mishap);
    },
  };
}

function spend(world: World, fault: FaultName): void {
  world.left[fault] -= 1;
  world.faultsUsed += 1;
}

const CRASHES: readonly [prefix: string, fault: FaultName][] = [
  ['W', 'crashW'],
  ['I', 'crashI'],
  ['C', 'crashC'],
  ['RP', 'crashR'],
  ['RC', 'crashRC'],
  ['RB', 'crashRB'],
];
const IDLE = /^(script claim|pop|script reap|row readUnfinished|somebody cancels)/;

/** Faults of the thread that has just taken a step: of another one they are the same earlier or later. */
function faultsOf(world: World, current: string): Choice[] {
  const { left } = world;
  const found: Choice[] = [];
  const add = (fault: FaultName, name: string, act: () => Promise<void> | void) => {
    if (left[fault] <= 0) return;
    const spent = async () => {
      spend(world, fault);
      await act();
    };
    found.push({ name, fault, act: spent });
  };
  const thread = world.threads.find(({ name, isDead }) => name === current && !isDead);
  const gate = thread?.gate;
  if (thread !== undefined && gate !== undefined && !IDLE.test(gate.label)) {
    const crash = CRASHES.find(([prefix]) => isLifeOf(current, prefix));
    if (crash !== undefined) add(crash[1], `crash ${current}`, () => kill(thread));
    for (const [fence, holder] of world.holders) {
      if (holder.thread === thread && holder.isHeld())
        add('stall', `stall ${current}`, async () => {
          holder.giveUp();
          world.stalled.add(current);
          await dropLease(world, fence);
        });
    }
    if (world.popped.has(current) && !gate.label.startsWith('pop'))
      add('stall', `stall ${current}`, () => {
        world.stalled.add(current);
        return ripen(world, world.popped.get(current) ?? '');
      });
    if (current.startsWith('I.') && impatience.has(world))
      add('resend', 'resend', () => impatience.get(world)?.());
  }
  if (world.rows.length > 0 && world.isOwn()) {
    add('restart', 'restart', () => replaceRedis(world, false));
    add('wipe', 'wipe', () => replaceRedis(world, true));
  }
  return found;
}

async function dropLease(world: World, fence: string): Promise<void> {
  const { keys, connection } = world;
  for (const [task, holder] of Object.entries(world.redis.leases))
    if (holder === fence) await connection.driver.del(keys.lease(task));
}

async function ripen(world: World, task: string): Promise<void> {
  if (world.redis.tasks[task] !== undefined)
    await world.connection.driver.hset(world.keys.task(task), 'unleased_since', '1');
}

/** Another server answers from now on; one process begins to rebuild. */
async function replaceRedis(world: World, isEmpty: boolean): Promise<void> {
  world.setRunId('redis-2');
  const { driver } = world.connection;
  if (isEmpty) {
    const found = await driver.keys(`${world.keys.prefix}:*`);
    if (found.length > 0) await driver.unlink(found);
    await driver.zadd(world.keys.workers(), 1, 'w');
    await driver.hset(world.keys.worker('w'), { slots: '16', draining: '0' });
    world.look.forgetLog();
    world.events = [];
  }
  startRebuild(world);
}

/** A rebuild sleeps for a lease: then everybody has given up what he held. */
function wakeRebuild(world: World): void {
  const thread = rebuilding.get(world);
  if (thread === undefined || thread.gate !== undefined || thread.isDead) return;
  const pass = async (): Promise<void> => {
    for (const holder of world.holders.values()) holder.giveUp();
    for (const fence of new Set(Object.values(world.redis.leases))) await dropLease(world, fence);
    vi.advanceTimersByTime(1);
  };
  void step(thread, 'a lease passes', pass, () => '');
}

/** What only time does: leases that nobody renews end, suspicions ripen, renewals become due. */
function startTime(world: World): void {
  const thread = world.thread('TM');
  const unheld = () =>
    Object.entries(world.redis.leases).filter(([, fence]) => world.holders.get(fence)?.isHeld() !== true);
  const popped = () =>
    new Set([...world.popped].filter(([name]) => !world.thread(name).isDead).map(([, task]) => task));
  const unripe = () =>
    world.redis.inflight.filter((task) => {
      const since = world.redis.tasks[task]?.unleasedSince ?? '';
      return since !== '' && since !== '1' && !popped().has(task) && world.redis.leases[task] === undefined;
    });
  const cancelled = () =>
    Object.entries(world.redis.leases).some(
      ([task, fence]) =>
        world.redis.tasks[task]?.isCancelRequested === true &&
        world.holders.get(fence)?.isHeld() === true &&
        world.threads.find(({ name }) => name === `${world.holders.get(fence)?.thread.name}~`)?.gate ===
          undefined &&
        !told.has(fence),
    );
  const told = new Set<string>();
  const pass = async (): Promise<string> => {
    const done: string[] = [];
    for (const [task, fence] of unheld()) {
      await world.connection.driver.del(world.keys.lease(task));
      done.push(`the lease ${fence} of ${task} ends`);
    }
    for (const task of unripe()) {
      await ripen(world, task);
      done.push(`${task} is a suspect`);
    }
    if (done.length === 0) {
      for (const fence of Object.values(world.redis.leases)) told.add(fence);
      vi.advanceTimersByTime(RENEW_TICK_MS);
      done.push('renewals are due');
    }
    return done.join(', ');
  };
  const wait = async (): Promise<void> => {
    for (;;)
      await step(thread, 'time passes', pass, String, {
        canOpen: () => unheld().length > 0 || unripe().length > 0 || cancelled(),
      });
  };
  void wait();
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
  if (found.length > 0) await driver.unlink(found);
}
