import { USER_TYPES, userTypeSchema } from '@switchyard/protocol';
import type { AdminLanes } from '@switchyard/protocol';
import type { AdminScripts, LanesReply } from './admin-scripts.ts';

export interface LanesParts {
  readonly scripts: Pick<AdminScripts, 'readLanes'>;
  readonly queueFactor: number;
  /** 0: no lane is ever late. */
  readonly oldestWaitLimitMs: number;
}

/** All lanes in one round trip. */
export async function readLanes(parts: LanesParts): Promise<AdminLanes> {
  const reply = await parts.scripts.readLanes({ queue_factor: parts.queueFactor, lanes: USER_TYPES });
  return decideLanes(reply, parts.oldestWaitLimitMs);
}

/** A lane waits as long as its next task does: it is first in, first out. Clocks of two machines are compared, for showing only. */
export function decideLanes(reply: LanesReply, oldestWaitLimitMs: number): AdminLanes {
  const lanes = reply.lanes.map(({ lane, ready, inflight, nextTaskId, since }) => {
    const sinceMs = Date.parse(since);
    const waitMs = Number.isNaN(sinceMs) ? undefined : Math.max(0, reply.nowMs - sinceMs);
    return {
      lane: userTypeSchema.parse(lane),
      ready,
      inflight,
      next_task_id: nextTaskId === '' ? null : nextTaskId,
      oldest_wait_seconds: waitMs === undefined ? null : waitMs / 1000,
      is_late: oldestWaitLimitMs > 0 && waitMs !== undefined && waitMs > oldestWaitLimitMs,
    };
  });
  return {
    load: reply.load,
    capacity: reply.capacity,
    workers: reply.workers,
    lanes,
    oldest_wait_limit_seconds: oldestWaitLimitMs / 1000,
  };
}
