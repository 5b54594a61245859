import { PlatformError, sleep } from '@switchyard/kernel';
import type { Held } from './lease-renewal.ts';
import { ScriptResult, toTurnError } from './script-result.ts';
import type { WorkerParts } from './worker-parts.ts';

/** What `recovery: 'retryIfSilent'` goes by: one durable word, written under the fence before the first effect of a turn leaves. */
export interface EffectLog {
  /** Resolves when it is written; at once without `recovery`. Rejects when the turn is fenced off. */
  note(): Promise<void>;
  /** Nothing has left, and nothing is about to. */
  isSilent(): boolean;
}

const RETRY_PAUSE_MS = 100;

export function createEffectLog(parts: WorkerParts, held: Held, hasRecovery: boolean): EffectLog {
  const { task } = held;
  let noted: Promise<void> | undefined;

  const write = async (): Promise<void> => {
    for (;;) {
      if (held.isLost()) throw toTurnError(ScriptResult.LeaseLost, 'note-effect');
      try {
        if (await parts.rows.noteEffect(task.turnId, task.fence)) return;
        if ((await parts.rows.read(task.turnId)) !== undefined) held.lose('the turn is fenced off');
        else {
          // Gone with its conversation: the claim is still ours, and nobody else is about to end it.
          held.abort('cancelled', 'the conversation was deleted');
          throw toTurnError(ScriptResult.Cancelled, 'note-effect');
        }
      } catch (error) {
        if (!(error instanceof PlatformError) || error.code !== 'UNAVAILABLE') throw error;
        await sleep(RETRY_PAUSE_MS);
      }
    }
  };

  return {
    note: () => (hasRecovery ? (noted ??= write()) : Promise.resolve()),
    isSilent: () => hasRecovery && noted === undefined,
  };
}
