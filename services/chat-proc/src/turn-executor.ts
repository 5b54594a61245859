import type { BundleHold, Registry } from '@switchyard/registry';
import type { BundleManifest } from '@switchyard/protocol';
import type { RunningTurn, TurnExecutor, TurnOutcome } from '@switchyard/turns';
import { materialise } from './materialise.ts';
import type { MaterialiseParts } from './materialise.ts';
import { runTurn } from './run-turn.ts';
import type { RunTurnParts } from './run-turn.ts';
import { failedOutcome } from './turn-outcome.ts';
import type { Runner } from '@switchyard/runner';
import { TurnRecorder } from './turn-recorder.ts';

export interface ExecutorParts extends RunTurnParts, MaterialiseParts {
  runner: RunTurnParts['runner'] & Pick<Runner, 'snapshot'>;
  registry: Pick<Registry, 'resolve' | 'hold'>;
  conversations: MaterialiseParts['conversations'] & RunTurnParts['conversations'];
}

/** Without a sandbox a bundle reaches network and files by itself; nobody could say that such a turn was silent (02, Running). */
function recoveryOf(parts: ExecutorParts, manifest: BundleManifest): 'retryIfSilent' | undefined {
  const isContained = parts.runner.snapshot().every(({ sandbox }) => sandbox !== 'none');
  return isContained ? manifest.recovery : undefined;
}

/** Answers turns with bundles: materialise and resolve before the start, then one call of the bundle's host. */
export function createTurnExecutor(parts: ExecutorParts): TurnExecutor {
  return {
    async prepare(task) {
      const [invocation, served] = await Promise.all([
        materialise(parts, task),
        parts.registry.resolve(task.payload.bundle_id),
      ]);
      const recovery = recoveryOf(parts, served.manifest);
      const run = async (turn: RunningTurn): Promise<TurnOutcome> => {
        // Held from here and not from `prepare`: whoever starts after a switch runs on the new version, and a turn
        // that is refused its start holds nothing.
        let hold: BundleHold;
        try {
          hold = await parts.registry.hold(task.payload.bundle_id);
        } catch (error) {
          const recorder = new TurnRecorder(() => parts.clock.now(), undefined);
          return failedOutcome(error, turn.signal, recorder, parts.limits);
        }
        // Another version than the one that was asked may not share its declaration.
        if (recovery !== undefined && recoveryOf(parts, hold.manifest) === undefined) await turn.noteEffect();
        try {
          return await runTurn(parts, hold, invocation, turn);
        } finally {
          hold.release();
        }
      };
      const { idleMs, wallMs } = served.manifest.limits;
      return Object.assign(run, { recovery, limits: { idleMs, wallMs } });
    },
  };
}
