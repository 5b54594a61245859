import { vi } from 'vitest';
import { dropLease, ripen } from './faults.ts';
import { drop, step } from './gates.ts';
import { RENEW_TICK_MS } from './worker-actor.ts';
import type { World } from './world.ts';

/** Longer than anybody waits before asking a store again; shorter than a renewal's period. */
const PAUSE_MS = 450;
const KEEPER_PAUSE_MS = 200;

/** Everybody whose sleep is over wakes: nobody waits to be woken any more. */
function passTime(world: World, ms: number): void {
  for (const { thread } of world.keepers) drop(thread, 'a ');
  vi.advanceTimersByTime(ms);
}

/** Whoever waits before asking a store again has waited; while a rebuild waits for a lease, together with that. */
export function passPause(world: World): void {
  const isInLease = world.keepers.some(({ thread }) => thread.gate?.label === 'a lease passes');
  if (isInLease) world.isPausing = true;
  else passTime(world, PAUSE_MS);
}

const rebuildLock = (world: World) => `turns-rebuild:${world.keys.prefix}`;

/** A rebuild sleeps for a lease: then everybody has given up what he held. A keeper that did not get the lock looks again. */
export function wakeKeepers(world: World): void {
  const asleep = world.keepers.filter(
    ({ thread, isWorking }) => isWorking && thread.gate === undefined && !thread.isDead,
  );
  const inLease = asleep.filter(({ thread }) => /\|script openEpoch\([^|]*$/.test(thread.history));
  const passLease = async (): Promise<void> => {
    if (world.bench.order !== 'noLeaseWait') {
      for (const holder of world.holders.values()) holder.giveUp();
      for (const fence of new Set(Object.values(world.redis.leases))) await dropLease(world, fence);
    }
    passTime(world, world.isPausing ? PAUSE_MS : 1);
    world.isPausing = false;
  };
  for (const { thread } of inLease) void step(thread, 'a lease passes', passLease, () => '');
  if (inLease.length > 0) return;
  // It would find the lock taken again and again.
  const canOpen = () => !world.locks.has(rebuildLock(world));
  for (const { thread } of asleep)
    void step(
      thread,
      'a pause ends',
      () => passTime(world, KEEPER_PAUSE_MS),
      () => '',
      { canOpen },
    );
}

/** What only time does: leases that nobody renews end, locks of the dead end, suspicions ripen, renewals become due. */
export function startTime(world: World): void {
  const thread = world.thread('TM');
  const unheld = () =>
    Object.entries(world.redis.leases).filter(([, fence]) => world.holders.get(fence)?.isHeld() !== true);
  const unlocked = () => [...world.locks].filter(([, holder]) => holder.thread.isDead);
  const popped = () =>
    new Set([...world.popped].filter(([name]) => !world.thread(name).isDead).map(([, task]) => task));
  const unripe = () =>
    world.redis.inflight.filter((task) => {
      const since = world.redis.tasks[task]?.unleasedSince ?? '';
      return since !== '' && since !== '1' && !popped().has(task) && world.redis.leases[task] === undefined;
    });
  const told = new Set<string>();
  const cancelled = () =>
    Object.entries(world.redis.leases).some(([task, fence]) => {
      const holder = world.holders.get(fence);
      return (
        world.redis.tasks[task]?.isCancelRequested === true &&
        holder?.isHeld() === true &&
        world.threads.find(({ name }) => name === `${holder.thread.name}~`)?.gate === undefined &&
        !told.has(fence)
      );
    });
  const pass = async (): Promise<string> => {
    const done: string[] = [];
    for (const [key, holder] of unlocked()) {
      world.locks.delete(key);
      done.push(`the lock of ${holder.thread.name} ends`);
    }
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
  const canOpen = () => unlocked().length > 0 || unheld().length > 0 || unripe().length > 0 || cancelled();
  const wait = async (): Promise<void> => {
    for (;;) await step(thread, 'time passes', pass, String, { canOpen });
  };
  void wait();
}
