import type { BundleHold, Registry } from '@switchyard/registry';
import type { TurnExecutor } from '@switchyard/turns';
import { materialise } from './materialise.ts';
import type { MaterialiseParts } from './materialise.ts';
import { runTurn } from './run-turn.ts';
import type { RunTurnParts } from './run-turn.ts';
import { failedOutcome } from './turn-outcome.ts';
import { TurnRecorder } from './turn-recorder.ts';

export interface ExecutorParts extends RunTurnParts, MaterialiseParts {
  registry: Pick<Registry, 'resolve' | 'hold'>;
  conversations: MaterialiseParts['conversations'] & RunTurnParts['conversations'];
}

/** Answers turns with bundles: materialise and resolve before the start, then one call of the bundle's host. */
export function createTurnExecutor(parts: ExecutorParts): TurnExecutor {
  return {
    async prepare(task) {
      const [invocation] = await Promise.all([
        materialise(parts, task),
        parts.registry.resolve(task.payload.bundle_id),
      ]);
      return async (turn) => {
        // Held from here and not from `prepare`: whoever starts after a switch runs on the new version, and a turn
        // that is refused its start holds nothing.
        let hold: BundleHold;
        try {
          hold = await parts.registry.hold(task.payload.bundle_id);
        } catch (error) {
          const recorder = new TurnRecorder(() => parts.clock.now(), undefined);
          return failedOutcome(error, turn.signal, recorder, parts.limits);
        }
        try {
          return await runTurn(parts, hold, invocation, turn);
        } finally {
          hold.release();
        }
      };
    },
  };
}
