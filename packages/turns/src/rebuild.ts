import { failpoint, sleep } from '@switchyard/kernel';
import type { Ids } from '@switchyard/kernel';
import type { KeyName, RedisConnection } from '@switchyard/redis';
import type { Completion } from './completion.ts';
import { ScriptResult } from './script-result.ts';
import type { TurnRow } from './sql/turn-row.ts';
import { CANCELLED, LOST_WORKER, isEnded } from './terminal-event.ts';
import type { WorkerParts } from './worker-parts.ts';

/** What a rebuild drops: everything that rows say better. `seen`, `told` and the logs stay, where Redis still has them. */
const WORK_KEYS: ReadonlySet<KeyName | undefined> = new Set<KeyName>([
  'lane',
  'inflight',
  'held',
  'task',
  'tasks',
  'userTasks',
  'lease',
  'started',
  'conversation',
  'mailbox',
  'snapshot',
  'runningTurns',
]);
const PAGE = 500;
const TOLD_TTL_MS = 86_400_000;
/** Rows that ended this long ago were told by the Redis that is gone; later ones may not have been, the reconciler tells them. */
const SURELY_TOLD_MS = 30_000;
const LOOK_BACK_MS = 900_000;

export interface RebuildOptions extends WorkerParts {
  readonly connection: RedisConnection;
  readonly completion: Completion;
  readonly ids: Ids;
}

/** A number above every epoch that this process has seen; Postgres' seconds are above those that nobody remembers. */
export type EpochFloor = () => number;

/**
 * Makes Redis' data from the rows again, for a server whose run_id is not the epoch's (02, step 10). Runs under the advisory lock;
 * until its last step every script of anybody else answers EPOCH, and one that is overtaken by another rebuild gets EPOCH as well.
 */
export async function rebuild(options: RebuildOptions, floor: EpochFloor, lost: AbortSignal): Promise<void> {
  const { scripts, rows, connection, completion, ids, config, log } = options;
  const runId = connection.runId();
  const token = `rebuild:${ids.token(12)}`;
  const { seconds, hasLiveTurns } = await rows.readRebuildFacts();
  const wasEmpty = (await connection.driver.hget(options.keys.epoch(), 'n')) === null;
  const opened = await scripts.openEpoch({ token, at_least: Math.max(seconds, floor()) });
  if (opened.code === ScriptResult.Repeated) return;
  failpoint('turns.rebuild.after-open');
  log.warn('rebuilding the queue from postgres', { epoch: opened.epoch, has_live_turns: hasLiveTurns });
  // After one lease every claim of the former server has given itself up. Without a row that is not over there are no claims.
  if (hasLiveTurns) await sleep(config.lease, lost);
  const interrupted = await rows.interruptRunning(LOST_WORKER);
  failpoint('turns.rebuild.after-interrupt');
  await dropWorkKeys(options);
  failpoint('turns.rebuild.after-drop');
  if (wasEmpty) await markTold(options);
  failpoint('turns.rebuild.after-told');
  for (const row of interrupted) {
    lost.throwIfAborted();
    if (isEnded(row)) await completion.finishFromRow(row, row, token);
  }
  await tellEnded(options, token, lost);
  failpoint('turns.rebuild.after-tell');
  const count = await requeueAll(options, token, lost);
  failpoint('turns.rebuild.before-close');
  const closed = await scripts.closeEpoch({ token, server_run_id: runId });
  failpoint('turns.rebuild.after-close');
  log.warn('queue rebuilt', {
    epoch: opened.epoch,
    requeued: count,
    interrupted: interrupted.length,
    is_open: closed.code === ScriptResult.Ok,
  });
}

async function dropWorkKeys({ connection, keys }: RebuildOptions): Promise<void> {
  let cursor = '0';
  do {
    const [next, found] = await connection.driver.scan(cursor, 'MATCH', `${keys.prefix}:*`, 'COUNT', PAGE);
    const work = found.filter((key) => WORK_KEYS.has(keys.nameOf(key)));
    if (work.length > 0) await connection.driver.unlink(work);
    cursor = next;
  } while (cursor !== '0');
}

/** Redis forgot whom it told: without this the reconciler would tell everybody of the last minutes again. */
async function markTold({ rows, connection, keys }: RebuildOptions): Promise<void> {
  for (let offset = 0; ; offset += PAGE) {
    const ended = await rows.readEnded(LOOK_BACK_MS, SURELY_TOLD_MS, PAGE, offset);
    const pipeline = connection.driver.pipeline();
    for (const row of ended) pipeline.set(keys.told(row.turn_id), 'rebuild', 'PX', TOLD_TTL_MS, 'NX');
    await pipeline.exec();
    if (ended.length < PAGE) return;
  }
}

/** A row that ended while its `finish` could not be heard is told here: its end comes before the start of what waits behind it. */
async function tellEnded(options: RebuildOptions, token: string, lost: AbortSignal): Promise<void> {
  const { rows, connection, keys, completion } = options;
  for (let offset = 0; ; offset += PAGE) {
    const ended = await rows.readEnded(LOOK_BACK_MS, 0, PAGE, offset);
    const pipeline = connection.driver.pipeline();
    for (const row of ended) pipeline.exists(keys.told(row.turn_id));
    const told = ended.length === 0 ? [] : ((await pipeline.exec()) ?? []);
    for (const [index, row] of ended.entries()) {
      const [error, count] = told[index] ?? [null, 0];
      if (error !== null) throw error;
      lost.throwIfAborted();
      if (count === 0 && isEnded(row)) await completion.finishFromRow(row, row, token);
    }
    if (ended.length < PAGE) return;
  }
}

/** In the order of their rows, so that the first of a conversation gets the lane and the others wait behind it. */
async function requeueAll(
  { rows, completion }: RebuildOptions,
  token: string,
  lost: AbortSignal,
): Promise<number> {
  let count = 0;
  let page: TurnRow[] = [];
  do {
    page = await rows.readUnfinished(0, page.at(-1)?.seq ?? 0, PAGE);
    // A steer was for a turn that is over now.
    const steers = page.filter((row) => row.kind !== 'message').map((row) => row.turn_id);
    if (steers.length > 0) await rows.cancel(steers, CANCELLED);
    for (const row of page) {
      lost.throwIfAborted();
      if (row.kind !== 'message' || row.status !== 'queued') continue;
      const code = await completion.requeue(row, { rebuildToken: token });
      if (code === ScriptResult.Ok) count += 1;
      failpoint('turns.rebuild.after-requeue');
    }
  } while (page.length === PAGE);
  return count;
}
