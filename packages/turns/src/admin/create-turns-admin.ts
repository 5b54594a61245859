import type { Clock, Ids } from '@switchyard/kernel';
import type {
  AdminDeadLetters,
  AdminInflight,
  AdminLanes,
  AdminOrder,
  AdminTurn,
  AdminWorkers,
  TenantProject,
} from '@switchyard/protocol';
import type { Keys, RedisConnection } from '@switchyard/redis';
import type { Sql } from '@switchyard/store';
import type { RunningLimits } from '../capacity-policy.ts';
import { createTurnRows } from '../turn-rows.ts';
import { bindTurnScripts, loadTurnScripts } from '../turn-scripts.ts';
import { bindAdminScripts } from './admin-scripts.ts';
import { dropDeadLetter, listDeadLetters, retryDeadLetter } from './dead-letters.ts';
import type { Retried } from './dead-letters.ts';
import { orderWorker } from './order-worker.ts';
import { readInflight } from './read-inflight.ts';
import type { InflightQuery } from './read-inflight.ts';
import { readLanes } from './read-lanes.ts';
import { readTaskLife, readTurnLife } from './read-turn-life.ts';
import { readWorkers } from './read-workers.ts';

export interface TurnsAdminOptions {
  /** Kind `commands`. */
  readonly redis: RedisConnection;
  readonly sql: Sql;
  readonly keys: Keys;
  readonly scope: TenantProject;
  readonly config: RunningLimits & { readonly queueFactor: number; readonly oldestWaitLimit: number };
  readonly clock: Clock;
  readonly ids: Ids;
}

/**
 * What an operator sees and does about the queue. Every read costs the same with an empty queue and with 100,000 queued: lengths, tails
 * and bounded pages, never a walk over keys or a whole list.
 */
export interface TurnsAdmin {
  lanes(): Promise<AdminLanes>;
  workers(): Promise<AdminWorkers>;
  /** Throws INVALID_REQUEST for a cursor that is none. */
  inflight(query: InflightQuery): Promise<AdminInflight>;
  /** Undefined: unknown. */
  turn(turnId: string): Promise<AdminTurn | undefined>;
  task(taskId: string): Promise<AdminTurn | undefined>;
  deadLetters(page: { before?: number | undefined; limit: number }): Promise<AdminDeadLetters>;
  /** Throws NOT_FOUND, or UNPROCESSABLE (`dead_letter.*`) for one that is not dead, dropped, or of a deleted conversation. */
  retry(turnId: string, requestId: string): Promise<Retried>;
  /** Throws as `retry` does; also for one that was tried again. */
  drop(turnId: string): Promise<void>;
  /** Throws NOT_FOUND (`unknown_worker`). The order ends with the process that it was given to. */
  order(workerId: string, wanted: 'drain' | 'work'): Promise<AdminOrder>;
}

export function createTurnsAdmin(options: TurnsAdminOptions): TurnsAdmin {
  const { redis, sql, keys, scope, config } = options;
  const scripts = bindAdminScripts(redis, keys.prefix);
  const life = { redis, scripts, sql, keys, scope };
  const dead = {
    ...options,
    rows: createTurnRows(sql, scope),
    scripts: bindTurnScripts(loadTurnScripts(), redis, keys.prefix),
  };
  return {
    lanes: () =>
      readLanes({ scripts, queueFactor: config.queueFactor, oldestWaitLimitMs: config.oldestWaitLimit }),
    workers: () => readWorkers(redis, keys),
    inflight: (query) => readInflight({ redis, scripts, sql, keys, scope }, query),
    turn: (turnId) => readTurnLife(life, turnId),
    task: (taskId) => readTaskLife(life, taskId),
    deadLetters: (page) => listDeadLetters(dead, page),
    retry: (turnId, requestId) => retryDeadLetter(dead, turnId, requestId),
    drop: (turnId) => dropDeadLetter(dead, turnId),
    order: (workerId, wanted) => orderWorker(scripts, workerId, wanted),
  };
}
