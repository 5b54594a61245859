import { countTimers, listProcesses, mostOf } from '../history/resources.ts';
import type { HistoryRecord } from '../history/records.ts';
import type { Resources, StoreView } from '../history/store-view.ts';
import { ROOT } from './stage.ts';
import type { Stage } from './stage.ts';

/** What the stack holds when nobody asks anything of it. */
export type Baseline = Resources;

const LOOKS = 8;
const LOOK_MS = 150;
/** Beyond what is promised, so that the checker says how late it was. */
const WAIT_MS = 40_000;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const look = async (stage: Stage, roots: readonly string[]): Promise<Resources> => ({
  connections: await stage.reader.connections(),
  processes: listProcesses(roots, stage.hostsDir),
  timers: Object.fromEntries(
    await Promise.all(stage.slots.map(async ({ name, port }) => [name, await countTimers(port)] as const)),
  ),
});

export const readBaseline = async (stage: Stage, roots: readonly string[] = [ROOT]): Promise<Baseline> => {
  const looks: Resources[] = [];
  for (let at = 0; at < LOOKS; at += 1) {
    looks.push(await look(stage, roots));
    await pause(LOOK_MS);
  }
  const { timers, ...most } = mostOf(looks);
  return {
    ...most,
    timers: Object.fromEntries(Object.entries(timers).map(([name, count]) => [name, count + POOL_TIMERS])),
  };
};

/** Each idle connection of a Postgres pool has a timer of half a minute, after which it goes: bounded, and wanted. */
const POOL_TIMERS = 12;

const moreOf = (before: readonly string[], after: readonly string[]): string[] => {
  const left = [...before];
  return after.filter((name) => {
    const at = left.indexOf(name);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
};

/** What is not at rest yet, in words. */
const findUnrest = async (stage: Stage, before: Baseline, after: Resources): Promise<string[]> => {
  const rows = await stage.reader.rows();
  return [
    ...moreOf(before.connections, after.connections),
    ...moreOf(before.processes, after.processes),
    ...Object.entries(after.timers).flatMap(([name, count]) =>
      count > (before.timers[name] ?? count)
        ? [`${name}: ${count} timers, before ${before.timers[name]}`]
        : [],
    ),
    ...rows
      .filter(({ status }) => status === 'queued' || status === 'running')
      .map(({ turn, status }) => `${turn} ${status}`),
    ...(await stage.reader.workKeys()),
  ];
};

/** Waits until nothing works any more, and answers the whole history. */
export const readAtRest = async (
  stage: Stage,
  clientRecords: readonly HistoryRecord[],
  before: Baseline,
  roots: readonly string[] = [ROOT],
): Promise<{ records: HistoryRecord[]; stores: StoreView }> => {
  const from = performance.now();
  let after = await look(stage, roots);
  let unrest = await findUnrest(stage, before, after);
  let last = unrest;
  while (unrest.length > 0 && performance.now() - from < WAIT_MS) {
    await pause(LOOK_MS);
    after = await look(stage, roots);
    last = unrest;
    unrest = await findUnrest(stage, before, after);
  }
  const idleAfterMs = performance.now() - from;
  console.log(
    `at rest after ${Math.round(idleAfterMs)} ms; the last to rest: ${last.slice(0, 5).join('; ') || 'nothing'}`,
  );
  const stores: StoreView = {
    ...(await stage.reader.read()),
    resources: { before, after },
    lastToRest: last.slice(0, 5),
    ...(unrest.length === 0 ? { idleAfterMs } : {}),
  };
  return { records: [...clientRecords, ...stage.journal()], stores };
};
