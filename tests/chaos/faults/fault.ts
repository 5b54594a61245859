import type { Arena } from '../arena.ts';
import type { ChatClient } from '../clients/chat-client.ts';
import type { Random } from '../random.ts';

export interface Site {
  readonly arena: Arena;
  /** One of the fault's targets. */
  readonly target: string;
  readonly random: Random;
  readonly lastsMs: number;
  /** Somebody whose messages the fault itself needs. */
  readonly stranger: ChatClient;
  note(line: string): void;
}

/** Makes it good again. Resolves when it is. */
export type Undo = () => Promise<void>;

/** One way in which the world is bad. */
export interface Fault {
  readonly name: string;
  readonly targets: readonly string[];
  /** What it takes hold of at a target: two faults never hold the same thing at once. */
  readonly holds: (target: string) => readonly string[];
  /** Shortest and longest time from begin to undo. */
  readonly lastsMs: readonly [shortest: number, longest: number];
  /** `begin` itself takes all the time that it lasts. */
  readonly isOverAfterBegin?: boolean;
  /** Why it cannot be played on this machine; undefined when it can. */
  readonly missing?: (arena: Arena) => string | undefined;
  readonly begin: (site: Site) => Promise<Undo>;
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
