import { describe, expect } from 'vitest';
import { FOUND } from './found.ts';
import { modelTest } from './bench.ts';
import { replay, runRandom, story } from './explore.ts';
import type { Deviation } from './schedule.ts';
import { scenarioOf } from './scenarios.ts';
import { PREEMPTIONS } from './settings.ts';

/** As a failure prints it; without one, the shortest death of a worker. */
const AGAIN = process.env['MODEL_REPLAY'] ?? '{"scenario":"crashW","deviations":[[7,"crash W1"]]}';

modelTest('a schedule from its departures', async ({ benches }) => {
  const { scenario, deviations } = JSON.parse(AGAIN) as { scenario: string; deviations: Deviation[] };
  const run = await replay(benches.real, scenarioOf(scenario), deviations);
  console.log(story({ ...run, scenario }));
  expect(run.violations).toEqual([]);
  expect(run.deviations).toEqual(deviations);
});

modelTest('a schedule by its seed repeats itself', async ({ benches }) => {
  const scenario = scenarioOf('three');
  const first = await runRandom(benches.real, scenario, 4, PREEMPTIONS);
  const second = await replay(benches.real, scenario, first.deviations);
  expect(first.deviations.length).toBeGreaterThan(1);
  expect(second.trace).toEqual(first.trace);
});

describe('once a violation', () => {
  for (const { name, scenario, deviations } of FOUND) {
    modelTest(name, async ({ benches }) => {
      const run = await replay(benches.real, scenarioOf(scenario), deviations);
      expect(run.violations.length === 0 ? '' : story({ ...run, scenario })).toBe('');
      expect(run.deviations).toEqual(deviations);
    });
  }
});
