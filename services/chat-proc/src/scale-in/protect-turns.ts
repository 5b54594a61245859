import type { TurnExecutor } from '@switchyard/turns';
import type { ScaleInProtection } from './scale-in-protection.ts';

/** The same executor, whose turns are protected while they run. What is only prepared is not: it can go back. */
export function protectTurns(executor: TurnExecutor, protection: ScaleInProtection): TurnExecutor {
  return {
    async prepare(task, signal) {
      const run = await executor.prepare(task, signal);
      return async (turn) => {
        const end = protection.turnStarted();
        try {
          return await run(turn);
        } finally {
          end();
        }
      };
    },
  };
}
