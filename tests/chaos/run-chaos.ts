import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HistoryRecord } from '../history/records.ts';
import type { StoreView } from '../history/store-view.ts';
import type { Violation } from '../history/violation.ts';
import { openArena } from './arena.ts';
import type { Arena } from './arena.ts';
import { gatherCrowd } from './clients/crowd.ts';
import type { Crowd } from './clients/crowd.ts';
import { createRecorder } from './clients/recorder.ts';
import type { Recorder } from './clients/recorder.ts';
import { createFaultLog } from './fault-log.ts';
import type { FaultLog } from './fault-log.ts';
import { CATALOGUE } from './faults/catalogue.ts';
import { installPoison } from './faults/poison-fault.ts';
import { describeViolations, judgeRun } from './judge-run.ts';
import { watchPlaces } from './look-at-redis.ts';
import { playFaults } from './play-faults.ts';
import { createJournal } from './read-journal.ts';
import { readConnections } from './read-stores.ts';
import { planFaults } from './schedule.ts';
import type { PlannedFault } from './schedule.ts';
import type { ChaosSettings } from './settings.ts';
import { waitForRest } from './wait-for-rest.ts';
import type { Rest } from './wait-for-rest.ts';
import { watchMemory } from './watch-memory.ts';
import type { MemoryRow } from './watch-memory.ts';

export interface ChaosResult {
  readonly violations: readonly Violation[];
  /** Faults that could not be played or made good. */
  readonly wrong: readonly string[];
  /** Printed when there are violations. */
  readonly explanation: string;
  /** Where everything of the run lies; removed when it went well. */
  readonly folder: string;
  readonly counts: ReadonlyMap<string, number>;
  readonly memory: readonly MemoryRow[];
  readonly rest: Rest;
  readonly faults: number;
  readonly records: number;
}

export interface ChaosParts {
  readonly now: () => number;
  readonly say: (line: string) => void;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LOOK_EVERY_MS = 500;

const planOf = ({ seed, seconds, only }: ChaosSettings): PlannedFault[] =>
  planFaults(
    seed,
    seconds,
    CATALOGUE.filter(([{ name }]) => only.length === 0 || only.some((start) => name.startsWith(start))),
  );

/** Everybody acts, the plan is played, everybody falls silent, and all that is open comes to its end. */
const play = async (
  arena: Arena,
  crowd: Crowd,
  settings: ChaosSettings,
  log: FaultLog,
): Promise<{ rest: Rest; wrong: string[] }> => {
  const plan = planOf(settings);
  const [stranger] = crowd.clients;
  if (stranger === undefined) throw new Error('a run needs a client');
  const fallSilent = crowd.begin();
  // Clients stop in time, however long it takes until the last service stands again.
  const [wrong] = await Promise.all([
    playFaults(plan, { arena, stranger, seed: settings.seed }, log),
    new Promise((resolve) => setTimeout(resolve, settings.seconds * 1000)).then(fallSilent),
  ]);
  log.note('faults are over, clients begin nothing more');
  await crowd.settle();
  log.note('clients are silent');
  const rest = await waitForRest(arena);
  log.note(
    `drained in ${Math.round(rest.drainedAfterMs)} ms, at rest ${Math.round(rest.idleAfterMs ?? -1)} ms later`,
  );
  return { rest, wrong };
};

const keep = (
  folder: string,
  records: readonly HistoryRecord[],
  stores: StoreView,
  log: FaultLog,
  explanation: string,
): void => {
  writeFileSync(
    join(folder, 'history.jsonl'),
    records.map((record) => `${JSON.stringify(record)}\n`).join(''),
  );
  writeFileSync(join(folder, 'stores.json'), JSON.stringify(stores));
  writeFileSync(join(folder, 'faults.log'), log.text());
  writeFileSync(join(folder, 'violations.txt'), explanation);
};

const run = async (
  arena: Arena,
  settings: ChaosSettings,
  { recorder, journal, log, folder }: RunParts,
): Promise<ChaosResult> => {
  await installPoison(arena.store.sql);
  const crowd = await gatherCrowd(arena, {
    count: settings.clients,
    seed: settings.seed,
    pauseMs: settings.pauseMs,
    recorder,
  });
  const before = await readConnections(arena);
  const memory = watchMemory(arena.fleet.members);
  const stopLooking = watchPlaces(arena.redis, LOOK_EVERY_MS, (look) => recorder.add(look));
  log.note(`${settings.clients} clients are there`);
  let played: { rest: Rest; wrong: string[] };
  try {
    played = await play(arena, crowd, settings, log);
    await crowd.readEnds();
  } finally {
    await stopLooking();
    await crowd.stop();
  }
  const { rest, wrong } = played;
  const resources = {
    before: { connections: before, processes: [], timers: {} },
    after: { connections: await readConnections(arena), processes: [], timers: {} },
  };
  const stores: StoreView = {
    ...rest.stores,
    ...(rest.idleAfterMs === undefined ? {} : { idleAfterMs: rest.idleAfterMs }),
    resources,
  };
  const records = [...recorder.records, ...journal.records()];
  const violations = judgeRun(records, stores, log);
  const explanation = describeViolations(violations, records, stores, log);
  if (violations.length > 0) keep(folder, records, stores, log, explanation);
  return {
    violations,
    wrong,
    explanation,
    folder,
    counts: recorder.counts,
    memory: memory.stop(),
    rest,
    faults: log.lines.filter(({ line }) => line.includes(' begins')).length,
    records: records.length,
  };
};

interface RunParts {
  readonly recorder: Recorder;
  readonly journal: ReturnType<typeof createJournal>;
  readonly log: FaultLog;
  readonly folder: string;
}

/** One whole run on servers of its own. Rejects when a fault could not be made good or somebody could not be asked. */
export const runChaos = async (settings: ChaosSettings, { now, say }: ChaosParts): Promise<ChaosResult> => {
  const folder = join(ROOT, '.cache', 'chaos', settings.seed);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const recorder = createRecorder(now);
  const journal = createJournal();
  const arena = await openArena(join(folder, 'lines'), (source, line) => {
    if (source.startsWith('proc-')) journal.read(line);
  });
  const log = createFaultLog(now, say);
  try {
    const result = await run(arena, settings, { recorder, journal, log, folder });
    await arena.close();
    if (result.violations.length === 0) rmSync(folder, { recursive: true, force: true });
    return result;
  } catch (error) {
    writeFileSync(join(folder, 'faults.log'), log.text());
    await arena.close();
    throw error;
  }
};
