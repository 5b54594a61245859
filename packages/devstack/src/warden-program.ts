// The warden outlives its owner on purpose: it holds the list of the owner's server processes (Redis and Postgres
// cannot notice by themselves that whoever started them was killed) and ends them when its standard input closes.
// Lines in: `{"watch": {identity, signal, graceMs}}`, `{"forget": pid}`, `{"done": true}`.
import { createInterface } from 'node:readline';
import { endProcess, waitGone } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';

export interface WatchedProcess {
  readonly identity: ProcessIdentity;
  /** It notices its owner's death and leaves in order: give it the grace time before the signal. */
  readonly endsItself?: boolean;
  readonly signal: NodeJS.Signals;
  readonly graceMs: number;
}

export type WardenLine = { watch: WatchedProcess } | { forget: number } | { done: true };

const watched = new Map<number, WatchedProcess>();

// The terminal's Ctrl-C is for the owner alone: it decides the order in which things end.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

for await (const text of createInterface({ input: process.stdin })) {
  const line = JSON.parse(text) as WardenLine;
  if ('watch' in line) watched.set(line.watch.identity.pid, line.watch);
  else if ('forget' in line) watched.delete(line.forget);
  else watched.clear();
}

// Last started, first ended: services before the servers that they need.
for (const { identity, endsItself, signal, graceMs } of [...watched.values()].reverse()) {
  if (endsItself === true) await waitGone(identity, graceMs);
  await endProcess(identity, signal, graceMs);
}
