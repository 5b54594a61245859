import type { Thread } from './gates.ts';
import type { World } from './world.ts';

/** Whether a thread's name is this one's, counted on (`RP2`) or one of several of a process (`W1.kT1`). */
export const isLifeOf = (name: string, prefix: string): boolean =>
  new RegExp(`^${prefix}(\\d+|\\..*)$`).test(name);

/** What dies and stalls together: a worker with its renewals, an ingress process with all its submissions where it has several. */
export function processOf(world: World, name: string): string {
  if (name.startsWith('I.')) return world.scenario.isGrouping === true ? 'I' : name;
  return /^[A-Z]+\d*/.exec(name)?.[0] ?? name;
}

export const threadsOf = (world: World, process: string): Thread[] =>
  world.threads.filter(({ name }) => processOf(world, name) === process);
