import { PlatformError, sleep } from '@switchyard/kernel';
import type { Held } from './lease-renewal.ts';
import type { TurnState } from './sql/turn-row.ts';
import { isEnded } from './terminal-event.ts';
import type { TurnEnd } from './terminal-event.ts';
import type { WorkerParts } from './worker-parts.ts';

const END_PAUSE_MS = 200;

/**
 * Row, then finish (02, step 5), of a turn whose row is running under this fence. While Postgres is away the lease is kept and the row is
 * tried again. What is left undone here is a claim that its conversation waits for until the lease ends.
 *
 * @param endRow the statement `end`: the row as it stands after it, undefined where there is none
 * @param tell the script `finish`
 */
export async function endHeldTurn(
  { log }: Pick<WorkerParts, 'log'>,
  held: Held,
  endRow: () => Promise<TurnState | undefined>,
  tell: (end: TurnEnd | undefined) => Promise<unknown>,
): Promise<void> {
  const { task } = held;
  for (;;) {
    if (held.isLost()) return;
    try {
      const state = await endRow();
      // Running under our fence, and not ended: it was being deleted and was read as it stood before. The next look says so.
      if (state?.status === 'running' && state.fence === task.fence && !state.is_changed) {
        await sleep(END_PAUSE_MS);
        continue;
      }
      // Somebody else has decided: their end is told. A row that is not over belongs to whoever holds it now.
      if (state === undefined || isEnded(state)) await tell(state);
      return;
    } catch (error) {
      if (!(error instanceof PlatformError) || error.code !== 'UNAVAILABLE') throw error;
      log.warn('a turn could not be ended yet', { turn_id: task.turnId, error });
      await sleep(END_PAUSE_MS);
    }
  }
}
