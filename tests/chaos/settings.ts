import { randomBytes } from 'node:crypto';

/** How a chaos run is set by hand. */
export interface ChaosSettings {
  readonly seconds: number;
  /** Names the schedule of faults and every client's choices. */
  readonly seed: string;
  /** Only faults whose names begin with one of these; all without it. */
  readonly only: readonly string[];
  readonly clients: number;
  /** Mean time between two acts of one client. */
  readonly pauseMs: number;
}

const DEFAULT_SECONDS = 300;
const DEFAULT_CLIENTS = 200;
const DEFAULT_PAUSE_MS = 30_000;

const numberOf = (name: string, text: string | undefined, fallback: number): number => {
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new Error(`${name} is a number above zero, not ${text}`);
  return value;
};

/** A check of a change plays the plan that the change before it was checked with; new plans are for runs by hand. */
const CI_SEED = '7da8bddb';

/** `CHAOS_SECONDS`, `CHAOS_SEED`, `CHAOS_ONLY` (names of faults by comma), `CHAOS_CLIENTS`, `CHAOS_PAUSE_MS`. */
export const readChaosSettings = (
  environment: Readonly<Record<string, string | undefined>>,
): ChaosSettings => ({
  seconds: numberOf('CHAOS_SECONDS', environment['CHAOS_SECONDS'], DEFAULT_SECONDS),
  seed: environment['CHAOS_SEED'] ?? (environment['CI'] ? CI_SEED : randomBytes(4).toString('hex')),
  only: (environment['CHAOS_ONLY'] ?? '').split(',').filter((name) => name !== ''),
  clients: numberOf('CHAOS_CLIENTS', environment['CHAOS_CLIENTS'], DEFAULT_CLIENTS),
  pauseMs: numberOf('CHAOS_PAUSE_MS', environment['CHAOS_PAUSE_MS'], DEFAULT_PAUSE_MS),
});
