import type { Arena } from './arena.ts';
import type { ChatClient } from './clients/chat-client.ts';
import type { FaultLog } from './fault-log.ts';
import { pause } from './faults/fault.ts';
import { createRandom } from './random.ts';
import type { PlannedFault } from './schedule.ts';

/** Things that a fault still holds although its time is over, because a process takes long to come back. */
type Held = Set<string>;

const playOne = async (
  planned: PlannedFault,
  site: { arena: Arena; stranger: ChatClient; seed: string },
  log: FaultLog,
  held: Held,
): Promise<void> => {
  const { number, fault, target, lastsMs } = planned;
  const title = `#${number} ${fault.name} ${target}`;
  const things = fault.holds(target);
  const missing = fault.missing?.(site.arena);
  if (missing !== undefined) return log.note(`${title} left out: ${missing}`);
  if (things.some((thing) => held.has(thing))) return log.note(`${title} left out: not yet recovered`);
  for (const thing of things) held.add(thing);
  log.note(`${title} begins, for ${lastsMs} ms`);
  try {
    const undo = await fault.begin({
      arena: site.arena,
      target,
      lastsMs,
      stranger: site.stranger,
      random: createRandom(`${site.seed}/fault/${number}`),
      note: (line) => log.note(`#${number} ${line}`),
    });
    if (fault.isOverAfterBegin !== true) await pause(lastsMs);
    log.note(`${title} ends`);
    await undo();
    log.note(`${title} is made good`);
  } finally {
    for (const thing of things) held.delete(thing);
  }
};

/** Plays the plan by the clock. Resolves when everything is made good, with what went wrong in playing it. */
export const playFaults = async (
  plan: readonly PlannedFault[],
  site: { arena: Arena; stranger: ChatClient; seed: string },
  log: FaultLog,
): Promise<string[]> => {
  const began = performance.now();
  const held: Held = new Set();
  const wrong: string[] = [];
  const playing: Promise<void>[] = [];
  for (const planned of plan) {
    await pause(Math.max(0, began + planned.atMs - performance.now()));
    const played = playOne(planned, site, log, held).catch((error: unknown) => {
      const line = `#${planned.number} ${planned.fault.name} went wrong: ${String(error)}`;
      wrong.push(line);
      log.note(line);
    });
    playing.push(played);
  }
  await Promise.all(playing);
  return wrong;
};
