import { failpoint } from '@switchyard/kernel';
import type { RedisConnection } from '@switchyard/redis';
import type { Sql } from '@switchyard/store';
import type { Completion } from './completion.ts';
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
    let page: TurnRow[] = [];
    for (let offset = 0; offset === 0 || page.length === PAGE; offset += PAGE) {
      page = await rows.readEnded(fromAgeMs, config.lease, PAGE, offset);
      for (const { row, isTold } of await withoutTask(options, page)) {
        lost.throwIfAborted();
        if (isTold || !isEnded(row)) continue;
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

/** Rows that Redis has no task, no lease and no marker of, and whether it told them. None while the data is not this server's. */
async function withoutTask(
  options: ReconcilerOptions,
  page: readonly TurnRow[],
): Promise<{ row: TurnRow; isTold: boolean }[]> {
  if (page.length === 0) return [];
  const { connection, keys } = options;
  const pipeline = connection.driver.pipeline().hget(keys.epoch(), 'run_id');
  for (const { turn_id, request } of page) {
    pipeline
      .exists(keys.task(request.task_id), keys.lease(request.task_id), keys.started(request.task_id))
      .exists(keys.told(turn_id));
  }
  const [owner, ...counts] = ((await pipeline.exec()) ?? []).map(([error, value]) => {
    if (error !== null) throw error;
    return value;
  });
  if (owner !== connection.runId()) {
    options.onEpoch();
    return [];
  }
  return page.flatMap((row, index) =>
    counts[2 * index] === 0 ? [{ row, isTold: counts[2 * index + 1] !== 0 }] : [],
  );
}

async function repair(options: ReconcilerOptions, row: TurnRow): Promise<void> {
  const { rows, completion, log } = options;
  log.warn('row without a task repaired', { turn_id: row.turn_id, status: row.status, kind: row.kind });
  if (row.status === 'running') {
    const interrupted = await rows.interrupt(row.turn_id, row.fence ?? '', LOST_WORKER);
    failpoint('turns.reconcile.after-interrupt');
    if (interrupted !== undefined && isEnded(interrupted))
      await completion.finishFromRow(interrupted, interrupted);
    return;
  }
  // A steer never starts a turn; its own is over.
  if (row.kind === 'message') await completion.requeue(row, {});
  else await rows.cancel([row.turn_id], CANCELLED);
  failpoint('turns.reconcile.after-requeue');
}
