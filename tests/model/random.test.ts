import { expect } from 'vitest';
import { modelTest } from './bench.ts';
import { runRandom, story } from './explore.ts';
import { SCENARIOS } from './scenarios.ts';
import { createBudget, deepSeconds, limitMs, PREEMPTIONS } from './settings.ts';

/** Schedules of each scenario. */
const SEEDS = 20;
const firstSeed = Number(process.env['MODEL_SEED'] ?? 1);
const SWEEP_EVERY = 500;

modelTest(`schedules by seed, from ${firstSeed}`, { timeout: limitMs(deepSeconds) }, async ({ benches }) => {
  const isEnough = createBudget(SEEDS, deepSeconds);
  let steps = 0;
  let seed = firstSeed;
  for (; !isEnough(seed - firstSeed); seed++) {
    for (const scenario of SCENARIOS) {
      const run = await runRandom(benches.real, scenario, seed, PREEMPTIONS);
      steps += run.trace.length;
      expect(run.violations.length === 0 ? '' : story({ ...run, scenario: scenario.name, seed })).toBe('');
    }
    if ((seed * SCENARIOS.length) % SWEEP_EVERY < SCENARIOS.length) await benches.sweep();
  }
  console.log(
    `seeds ${firstSeed} to ${seed - 1}: ${(seed - firstSeed) * SCENARIOS.length} schedules, ${steps} steps`,
  );
  expect(seed).toBeGreaterThan(firstSeed);
});
