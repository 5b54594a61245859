import { sleep } from '@switchyard/kernel';
import type { RunSlots } from './run-slots.ts';

const LOOK_EVERY_MS = 20;
/** What the end of what was ended hard may take. */
const GONE_MS = 5_000;

/** Waits for programs that run, then ends those that still do, and waits until nothing is left of them. */
export async function endRuns(
  slots: Pick<RunSlots, 'taken'>,
  ending: AbortController,
  drainMs: number,
): Promise<void> {
  await untilNone(slots, drainMs);
  ending.abort(new Error('the service ends'));
  await untilNone(slots, GONE_MS);
}

async function untilNone(slots: Pick<RunSlots, 'taken'>, maxMs: number): Promise<void> {
  for (let waited = 0; slots.taken > 0 && waited < maxMs; waited += LOOK_EVERY_MS) await sleep(LOOK_EVERY_MS);
}
