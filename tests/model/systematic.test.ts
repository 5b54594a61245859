import { describe, expect } from 'vitest';
import { modelTest } from './bench.ts';
import { exploreAll, story } from './explore.ts';
import { SCENARIOS } from './scenarios.ts';
import { createBudget, deepSeconds, limitMs, PREEMPTIONS } from './settings.ts';

/** Of one scenario; all schedules with one departure are run in any case. */
const SCHEDULES = 100;

describe('few departures from the default order before many', () => {
  let leftSeconds = deepSeconds;
  for (const [index, scenario] of SCENARIOS.entries()) {
    modelTest(scenario.name, { timeout: limitMs(deepSeconds) }, async ({ benches }) => {
      // What one does not need is for those that follow.
      const isEnough = createBudget(SCHEDULES, leftSeconds / (SCENARIOS.length - index));
      const startedAt = performance.now();
      const outcome = await exploreAll(benches.real, scenario, { isEnough, preemptions: PREEMPTIONS });
      const seconds = (performance.now() - startedAt) / 1000;
      leftSeconds -= seconds;
      const { schedules, steps, states, complete, failure } = outcome;
      const depth = complete === Number.POSITIVE_INFINITY ? 'everything' : `all with ${complete} departures`;
      console.log(
        `${scenario.name}: ${schedules} schedules, ${steps} steps, ${states} states; ${depth}; ${seconds.toFixed(1)} s`,
      );
      expect(failure === undefined ? '' : story(failure)).toBe('');
      expect(complete).toBeGreaterThanOrEqual(1);
      await benches.sweep();
    });
  }
});
