import { performance } from 'node:perf_hooks';
import { expect, test } from 'vitest';
import { runChaos } from './run-chaos.ts';
import type { ChaosResult } from './run-chaos.ts';
import { readChaosSettings } from './settings.ts';

const settings = readChaosSettings(process.env);
/** Starting five services, coming to rest after the last fault, reading and judging all: on a machine that is slow. */
const AROUND_MS = 900_000;

const say = (line: string): void => void process.stdout.write(`  ${line}\n`);
const now = (): number => performance.timeOrigin + performance.now();

const summarise = ({ counts, memory, faults, records, rest }: ChaosResult): void => {
  say(`${faults} faults, ${records} records, ${rest.stores.rows.length} turns`);
  const ends = Map.groupBy(rest.stores.rows, ({ status }) => status);
  say([...ends].map(([status, rows]) => `${status} ${rows.length}`).join(', '));
  for (const [what, count] of [...counts].toSorted(([left], [right]) => left.localeCompare(right)))
    say(`${String(count).padStart(6)} ${what}`);
  for (const { name, lives, longestSeconds, early, highest, last } of memory)
    say(
      `${name}: ${lives} lives; in the longest (${longestSeconds} s) ${early} -> ${last} MiB, at most ${highest}`,
    );
};

test(
  `nothing is lost, doubled or out of order in ${settings.seconds} s of chaos (CHAOS_SEED=${settings.seed})`,
  async () => {
    say(`CHAOS_SEED=${settings.seed} CHAOS_SECONDS=${settings.seconds}`);
    const result = await runChaos(settings, { now, say });
    summarise(result);
    if (result.violations.length > 0) {
      say(
        `CHAOS_SEED=${settings.seed} broke ${result.violations.length} promises; all of it lies in ${result.folder}`,
      );
      say(result.explanation);
    }
    expect(result.violations).toEqual([]);
    expect(result.wrong).toEqual([]);
  },
  settings.seconds * 1000 + AROUND_MS,
);
