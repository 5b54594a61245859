import { expect } from 'vitest';
import { modelTest } from './bench.ts';
import { runRandom, story } from './explore.ts';
import { SCENARIOS } from './scenarios.ts';
import { PREEMPTIONS, secondsOf } from './settings.ts';

const limitMs = secondsOf('MODEL_RANDOM_SECONDS', 45) * 1000;
const firstSeed = Number(process.env['MODEL_SEED'] ?? 1);
const SWEEP_EVERY = 500;

modelTest(`schedules by seed, from ${firstSeed}`, { timeout: limitMs + 60_000 }, async ({ benches }) => {
  const endsAt = performance.now() + limitMs;
  let steps = 0;
  let seed = firstSeed;
  for (; performance.now() < endsAt; seed++) {
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
