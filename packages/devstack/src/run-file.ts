import { existsSync } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { endProcess, isAlive } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';
import type { ServicePorts } from './service-catalog.ts';

export interface RunningProcess {
  readonly name: string;
  readonly identity: ProcessIdentity;
  readonly signal: NodeJS.Signals;
}

/** What `status`, `token`, `logs` and `down` know of the running stack. Holds credentials: 0600. */
export interface RunState {
  readonly v: 1;
  readonly launcher: ProcessIdentity;
  /** False while it starts: addresses and processes are not known yet. */
  readonly isUp: boolean;
  readonly url: string;
  readonly startedAt: string;
  readonly tenant: string;
  readonly project: string;
  readonly ports: ServicePorts;
  readonly redisUrl: string;
  readonly databaseUrl: string;
  /** In start order. */
  readonly processes: readonly RunningProcess[];
}

export const readRunFile = async (file: string): Promise<RunState | undefined> => {
  if (!existsSync(file)) return undefined;
  const state = JSON.parse(await readFile(file, 'utf8')) as RunState;
  return state.v === 1 ? state : undefined;
};

export const writeRunFile = async (file: string, state: RunState): Promise<void> => {
  await writeFile(`${file}.partial`, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.partial`, file);
};

/**
 * Takes the data folder for this launcher. Answers false when another one has taken it in the meantime: two stacks on one
 * append-only file would ruin it.
 */
export const claimRunFile = async (file: string, state: RunState): Promise<boolean> => {
  try {
    await writeFile(file, JSON.stringify(state), { mode: 0o600, flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
};

export const removeRunFile = (file: string): Promise<void> => rm(file, { force: true });

export const isRunning = (state: RunState): boolean => isAlive(state.launcher);

const GRACE_MS = 15_000;

/** Ends what a killed launcher left, in reverse start order. A pid that now belongs to another process is left alone. */
export const endLeftovers = async (state: RunState): Promise<string[]> => {
  const left = [...state.processes].reverse().filter(({ identity }) => isAlive(identity));
  for (const { identity, signal } of left) await endProcess(identity, signal, GRACE_MS);
  return left.map(({ name }) => name);
};
