import { describe, expect } from 'vitest';
import { modelTest } from './bench.ts';
import { DROPPED_RULES } from './dropped-rules.ts';
import { exploreAll, story } from './explore.ts';
import type { Failure } from './explore.ts';
import { scenarioOf } from './scenarios.ts';
import { PREEMPTIONS } from './settings.ts';

/** In one scenario. */
const SCHEDULES = 2000;

describe('the checker finds what happens without a rule', () => {
  for (const rule of DROPPED_RULES) {
    modelTest(rule.name, async ({ benches }) => {
      const bench = benches.without(rule);
      let failure: Failure | undefined;
      let schedules = 0;
      for (const name of rule.scenarios) {
        if (failure !== undefined) break;
        const limits = { isEnough: (done: number) => done >= SCHEDULES, preemptions: PREEMPTIONS };
        const outcome = await exploreAll(bench, scenarioOf(name), limits);
        failure = outcome.failure;
        schedules += outcome.schedules;
      }
      if (process.env['MODEL_TRACES'] !== undefined && failure !== undefined) console.log(story(failure));
      console.log(
        `without "${rule.name}": ${schedules} schedules, ${failure?.violations[0] ?? 'nothing found'}`,
      );
      expect(failure?.violations.join('\n')).toMatch(rule.finds);
    });
  }
});
