import type { Clock, Service } from '@switchyard/kernel';
import type { AdminLanes, UserType } from '@switchyard/protocol';
import type { Log, Metrics } from '@switchyard/telemetry';
import { startInterval } from '../worker-parts.ts';

export interface OldestWaitAlarmOptions {
  readonly lanes: () => Promise<AdminLanes>;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

type LaneView = AdminLanes['lanes'][number];

/** Which alarms begin and which are over. Pure. */
export function decideAlarms(
  late: ReadonlySet<UserType>,
  lanes: readonly LaneView[],
): { raised: LaneView[]; cleared: LaneView[] } {
  return {
    raised: lanes.filter((view) => view.is_late && !late.has(view.lane)),
    cleared: lanes.filter((view) => !view.is_late && late.has(view.lane)),
  };
}

/** Looks that were missed in a row before the alarm says that it is blind. */
const BLIND_AFTER = 3;

/**
 * Says in log and metrics when the next message of a lane has waited too long, and when that is over. It runs where messages enter and
 * not in the workers: workers that are all dead or stuck are what it is for.
 */
export function createOldestWaitAlarm(options: OldestWaitAlarmOptions): Service {
  const { log, metrics, clock } = options;
  const late = new Set<UserType>();
  const wait = metrics.gauge(
    'switchyard_turns_oldest_wait_seconds',
    'How long the next message of a lane has waited; 0 when the lane is empty.',
    ['lane'],
  );
  let timer: { stop(): Promise<void> } | undefined;
  let lookedAt = clock.monotonic();

  const look = async (): Promise<void> => {
    const { lanes, oldest_wait_limit_seconds } = await options.lanes();
    lookedAt = clock.monotonic();
    for (const { lane, oldest_wait_seconds } of lanes) wait.set(oldest_wait_seconds ?? 0, { lane });
    const { raised, cleared } = decideAlarms(late, lanes);
    for (const { lane, oldest_wait_seconds, ready } of raised) {
      late.add(lane);
      log.error('a lane waits too long', { lane, ready, oldest_wait_seconds, oldest_wait_limit_seconds });
    }
    for (const { lane, oldest_wait_seconds } of cleared) {
      late.delete(lane);
      log.info('a lane waits no longer than it may', { lane, oldest_wait_seconds });
    }
  };

  return {
    name: 'oldest-wait-alarm',
    start: async () => {
      timer = startInterval(look, options.everyMs, (error) =>
        log.warn('waiting times could not be read', { error }),
      );
    },
    stop: async () => timer?.stop(),
    health: () => ({
      ok: clock.monotonic() - lookedAt < BLIND_AFTER * options.everyMs,
      detail: { late: [...late] },
    }),
  };
}
