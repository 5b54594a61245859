import { describe, expect } from 'vitest';
import { modelTest } from './bench.ts';
import { exploreAll, story } from './explore.ts';
import { SCENARIOS } from './scenarios.ts';
import { PREEMPTIONS, secondsOf } from './settings.ts';

describe('few departures from the default order before many', () => {
  let leftMs = secondsOf('MODEL_SECONDS', 115) * 1000;
  for (const [index, scenario] of SCENARIOS.entries()) {
    modelTest(scenario.name, { timeout: leftMs + 60_000 }, async ({ benches }) => {
      // What one does not need is for those that follow.
      const shareMs = leftMs / (SCENARIOS.length - index);
      const startedAt = performance.now();
      const isOver = () => performance.now() - startedAt > shareMs;
      const outcome = await exploreAll(benches.real, scenario, { isOver, preemptions: PREEMPTIONS });
      leftMs -= performance.now() - startedAt;
      const { schedules, steps, states, complete, failure } = outcome;
      const depth = complete === Number.POSITIVE_INFINITY ? 'everything' : `all with ${complete} departures`;
      console.log(`${scenario.name}: ${schedules} schedules, ${steps} steps, ${states} states; ${depth}`);
      expect(failure === undefined ? '' : story(failure)).toBe('');
      expect(complete).toBeGreaterThanOrEqual(1);
    });
  }
});
