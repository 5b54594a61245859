import { failpoint } from '@switchyard/kernel';
import type { Keys, RedisConnection } from '@switchyard/redis';
import type { Sql } from '@switchyard/store';
import type { Completion } from './completion.ts';
import { ScriptResult } from './script-result.ts';
import type { EndedTurn } from './sql/reconcile-reads.ts';
import type { TurnRow } from './sql/turn-row.ts';
import { CANCELLED, isEnded, LOST_WORKER } from './terminal-event.ts';
import type { WorkerParts } from './worker-parts.ts';

export interface ReconcilerOptions extends WorkerParts {
  readonly connection: RedisConnection;
  readonly completion: Completion;
  readonly sql: Sql;
}

const PAGE = 500;
const LOOK_BACK_MS = 600_000;
const OVERLAP_MS = 30_000;

/**
 * Compares rows and tasks (02, step 9): what a crash between a row and its script left behind. One process of the scope at a time;
 * every repair is a script that looks again, so a row that is only on its way loses nothing.
 */
export function createReconciler(options: ReconcilerOptions): () => Promise<void> {
  const { rows, sql, keys, clock, config } = options;
  let lastPassAt = Number.NEGATIVE_INFINITY;

  const repairUnfinished = async (lost: AbortSignal): Promise<void> => {
    let page: TurnRow[] = [];
    do {
      page = await rows.readUnfinished(config.reconcileAfter, page.at(-1)?.seq ?? 0, PAGE);
      await fillLanes(options, page);
      for (const { row, isTold } of await withoutTask(options, page)) {
        lost.throwIfAborted();
        // Told and not over: a steer that `finish` dropped, whose caller died before it closed the row.
        if (!isTold || row.kind === 'steer') await repair(options, row);
      }
    } while (page.length === PAGE);
  };

  const tellEnded = async (lost: AbortSignal): Promise<void> => {
    const passAt = clock.monotonic();
    const fromAgeMs = Math.min(LOOK_BACK_MS, passAt - lastPassAt + OVERLAP_MS);
    let page: EndedTurn[] = [];
    for (let offset = 0; offset === 0 || page.length === PAGE; offset += PAGE) {
      page = await rows.readEndedIds(fromAgeMs, config.lease, PAGE, offset);
      for (const { turn_id: turnId } of await untold(options, page)) {
        lost.throwIfAborted();
        const row = await rows.read(turnId);
        if (row === undefined || !isEnded(row)) continue;
        await options.completion.finishFromRow(row, row);
        failpoint('turns.reconcile.after-tell');
      }
    }
    lastPassAt = passAt;
  };

  return async () => {
    await sql.tryAdvisoryLock(`turns-reconcile:${keys.prefix}`, async (lost) => {
      await repairUnfinished(lost);
      await tellEnded(lost);
    });
  };
}

/** Of rows that are over, those of which Redis has neither a terminal event nor anybody who is about to write it. */
async function untold(options: ReconcilerOptions, page: readonly EndedTurn[]): Promise<EndedTurn[]> {
  const told = await countKeys(options, page, ({ turn_id: turnId }, keys) => [keys.told(turnId)]);
  const unheard = page.filter((_row, index) => told[index] === 0);
  const tasks = await countKeys(options, unheard, ({ task_id: taskId }, keys) => keysOfTask(keys, taskId));
  return unheard.filter((_row, index) => tasks[index] === 0);
}

/** Rows that Redis has no task, no lease and no marker of, and whether it told them. None while the data is not this server's. */
async function withoutTask(
  options: ReconcilerOptions,
  page: readonly TurnRow[],
): Promise<{ row: TurnRow; isTold: boolean }[]> {
  const tasks = await countKeys(options, page, ({ request }, keys) => keysOfTask(keys, request.task_id));
  const lost = page.filter((_row, index) => tasks[index] === 0);
  const told = await countKeys(options, lost, ({ turn_id: turnId }, keys) => [keys.told(turnId)]);
  return lost.flatMap((row, index) => {
    const count = told[index];
    return count === undefined ? [] : [{ row, isTold: count !== 0 }];
  });
}

const keysOfTask = (keys: Keys, taskId: string): string[] => [
  keys.task(taskId),
  keys.lease(taskId),
  keys.started(taskId),
];

/** How many of each row's keys exist. Nothing while the data is not this server's. */
async function countKeys<Row>(
  { connection, keys, onEpoch }: ReconcilerOptions,
  rows: readonly Row[],
  keysOf: (row: Row, keys: Keys) => string[],
): Promise<number[]> {
  if (rows.length === 0) return [];
  const pipeline = connection.driver.pipeline().hget(keys.epoch(), 'run_id');
  for (const row of rows) pipeline.exists(keysOf(row, keys));
  const [owner, ...counts] = ((await pipeline.exec()) ?? []).map(([error, value]) => {
    if (error !== null) throw error;
    return value;
  });
  if (owner === connection.runId()) return counts as number[];
  onEpoch();
  return [];
}

/** Users who wait that long and have held tasks: their lanes are looked after, should whoever ended their last turn not have done it. */
async function fillLanes(
  { connection, keys, scripts, onEpoch }: ReconcilerOptions,
  page: readonly TurnRow[],
) {
  const users = [...new Set(page.map((row) => row.request.user.user_id))];
  const pipeline = connection.driver.pipeline();
  for (const user of users) pipeline.exists(keys.held(user));
  const counts = users.length === 0 ? [] : ((await pipeline.exec()) ?? []);
  const holding = users.filter((_user, index) => counts[index]?.[1] === 1);
  if (holding.length === 0) return;
  const { code } = await scripts.fillLanes({ users: holding.map((user) => keys.hash(user)) });
  if (code === ScriptResult.Epoch) onEpoch();
}

async function repair(options: ReconcilerOptions, row: TurnRow): Promise<void> {
  const { rows, completion, log } = options;
  log.warn('row without a task repaired', { turn_id: row.turn_id, status: row.status, kind: row.kind });
  if (row.status === 'running') {
    const interrupted = await rows.interrupt(row.turn_id, row.fence ?? '', LOST_WORKER);
    failpoint('turns.reconcile.after-interrupt');
    if (interrupted === undefined) return;
    if (isEnded(interrupted)) await completion.finishFromRow(interrupted, interrupted);
    else await completion.requeue(interrupted, {});
    return;
  }
  // A steer never starts a turn; its own is over.
  if (row.kind === 'message') await completion.requeue(row, {});
  else await rows.cancel([row.turn_id], CANCELLED);
  failpoint('turns.reconcile.after-requeue');
}
