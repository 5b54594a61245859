/**
 * What a host may be in. `starting`: spawned, code loading. `ready`: loaded, nothing runs. `busy`: at least one invocation.
 * `draining`: takes nothing new, what runs may end. `stopped`: the process is gone. `defunct`: it never became ready.
 *
 *   starting -> ready <-> busy
 *      |          |         |
 *      v          +----+----+-----> stopped   (a crash asks nobody)
 *   defunct            v               ^
 *                  draining -----------+
 */
export const HOST_STATES = ['starting', 'ready', 'busy', 'draining', 'stopped', 'defunct'] as const;
export type HostState = (typeof HOST_STATES)[number];

export const HOST_TRANSITIONS: Readonly<Record<HostState, readonly HostState[]>> = {
  starting: ['ready', 'defunct'],
  ready: ['busy', 'draining', 'stopped'],
  busy: ['ready', 'draining', 'stopped'],
  draining: ['stopped'],
  stopped: [],
  defunct: [],
};

export function canChange(from: HostState, to: HostState): boolean {
  return HOST_TRANSITIONS[from].includes(to);
}

/** One line of the console's host table. */
export interface HostSnapshot {
  readonly bundleId: string;
  readonly versionId: string;
  readonly pid: number;
  readonly state: HostState;
  readonly sandbox: 'bwrap' | 'permission' | 'none';
  readonly running: number;
  readonly waiting: number;
  readonly served: number;
  readonly rssBytes: number;
  /** Milliseconds since it was spawned, and since it last had work. */
  readonly ageMs: number;
  readonly idleForMs: number;
}
