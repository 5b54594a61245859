import { Scope, sleep } from '@switchyard/kernel';
import type { Clock, Deadline, HealthReport, Ids, Service } from '@switchyard/kernel';
import type { TenantProject } from '@switchyard/protocol';
import type { Keys, RedisConnection, Subscriber } from '@switchyard/redis';
import type { Sql } from '@switchyard/store';
import type { Log, Metrics } from '@switchyard/telemetry';
import { createClaimLoop, LANES } from './claim-loop.ts';
import type { ClaimLoop } from './claim-loop.ts';
import { toClaimedTask } from './claimed-task.ts';
import { createCompletion } from './completion.ts';
import { createEpochKeeper } from './epoch-keeper.ts';
import { createExecution } from './execution.ts';
import { createHeartbeat } from './heartbeat.ts';
import { createLeaseRenewal } from './lease-renewal.ts';
import { createReaper } from './reaper.ts';
import { createReconciler } from './reconciler.ts';
import { createSlots } from './slots.ts';
import { createTurnRows } from './turn-rows.ts';
import { bindTurnScripts, loadTurnScripts } from './turn-scripts.ts';
import type { RawTask } from './turn-scripts.ts';
import type { WorkerConfig } from './turns-config.ts';
import type { TurnExecutor } from './turn-types.ts';
import { createFenceCounter, startInterval } from './worker-parts.ts';
import type { WorkerParts } from './worker-parts.ts';

export interface WorkerOptions {
  readonly executor: TurnExecutor;
  /** Kind `commands`: scripts of everything that is held. */
  readonly redis: RedisConnection;
  /** For cancels; a cancel also comes with the next renewal. */
  readonly subscriber: Subscriber;
  /** Opens one connection of kind `claim`; called five times: one for claiming and one per lane that blocks. */
  readonly connectClaim: (name: string) => Promise<RedisConnection>;
  readonly sql: Sql;
  readonly keys: Keys;
  readonly scope: TenantProject;
  readonly config: WorkerConfig;
  /** Name of this process, without its boot id: `proc-1`. */
  readonly name: string;
  readonly version: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A failing store is asked again after this long. */
const UNAVAILABLE_PAUSE_MS = 1000;
/** A loop that has heard nothing for this long is not alive. */
const SILENCE_LIMIT_MS = 15_000;
/** Kept of a stop's deadline for writing the ends of what was interrupted. */
const CLOSING_MS = 2000;

/**
 * One worker: claims turns, runs them through the executor, keeps their leases, and takes its share of reaping and reconciling.
 * `start` resolves when Redis' data is in order and the worker claims; `stop` is the drain of 02 (Running).
 */
export function createWorker(options: WorkerOptions): Service {
  const { config, clock, keys, redis, log } = options;
  const workerId = `${options.name}.${options.ids.token(6)}`;
  const library = loadTurnScripts();
  const draining = new AbortController();
  const slots = createSlots(config.slots);
  const nextFence = createFenceCounter();
  const running = new Set<Promise<void>>();
  const parts: WorkerParts = {
    workerId,
    rows: createTurnRows(options.sql, options.scope),
    scripts: bindTurnScripts(library, redis, keys.prefix),
    keys,
    config,
    clock,
    log: log.child({ worker_id: workerId }),
    onEpoch: () => keeper.notice(),
  };
  const completion = createCompletion(parts);
  const keeper = createEpochKeeper({ ...parts, connection: redis, completion, ids: options.ids }, options.sql);
  const renewal = createLeaseRenewal(parts);
  const execution = createExecution({
    ...parts,
    executor: options.executor,
    completion,
    draining: draining.signal,
    onUnavailable: () => loop?.pause(UNAVAILABLE_PAUSE_MS),
  });
  const heartbeat = createHeartbeat(parts, slots, options.version, () => loop?.lastPollAt() ?? clock.monotonic());
  const measure = createMeasures(options, slots.used);
  const scope = new Scope();
  let loop: ClaimLoop | undefined;
  let stopping: Promise<void> | undefined;

  /** One reserved slot comes with it. */
  const run = async (raw: RawTask, sentAt: number): Promise<void> => {
    try {
      const task = toClaimedTask(raw);
      measure.claimed(task.lane, clock.now() - task.payload.accepted_at);
      await execution(renewal.hold(task, sentAt));
    } catch (error) {
      // Left as it is: its lease ends, and the reaper settles it by its row.
      parts.log.error('a turn was dropped', { task_id: raw.taskId, error });
    } finally {
      renewal.drop(raw.taskId);
      slots.release(1);
    }
  };
  const onTask = (raw: RawTask, sentAt: number): void => {
    const turn = run(raw, sentAt).finally(() => running.delete(turn));
    running.add(turn);
  };

  const openLoop = async (): Promise<ClaimLoop> => {
    const open = async (name: string) => {
      const connection = await scope.use(options.connectClaim(name), (opened) => opened.close());
      return { connection, scripts: bindTurnScripts(library, connection, keys.prefix) };
    };
    const hot = await open(`${workerId}.claim`);
    const lanes = await Promise.all(LANES.map(async (lane) => ({ lane, ...(await open(`${workerId}.${lane}`)) })));
    const epochSettled = keeper.settled;
    return createClaimLoop({ ...parts, slots, nextFence, commands: redis, hot, lanes, onTask, epochSettled });
  };

  const every = (what: string, ms: number, work: () => Promise<void>): void => {
    const timer = startInterval(work, ms, (error) => parts.log.warn(`${what} failed`, { error }));
    scope.defer(() => timer.stop());
  };

  const stop = async (deadline: Deadline): Promise<void> => {
    draining.abort();
    await heartbeat.drain().catch(() => undefined);
    await loop?.stop();
    const closingMs = config.abortGrace + CLOSING_MS;
    await settle(running, Math.min(config.drainLimit, deadline.remainingMs() - closingMs));
    for (const held of renewal.all()) held.abort('draining', 'the server is restarting');
    await settle(running, Math.min(closingMs, deadline.remainingMs()));
    await renewal.stop();
    await heartbeat.stop().catch(() => undefined);
    await scope.close();
  };

  return {
    name: 'turns-worker',
    start: async () => {
      scope.defer(() => keeper.stop());
      await keeper.settled();
      loop = await openLoop();
      await scope.use(options.subscriber.subscribe(keys.control(workerId), (message) => onControl(message, renewal)), (leave) => leave());
      await heartbeat.start();
      every('reaping', config.reapEvery, createReaper(parts, completion, nextFence));
      every(
        'reconciling',
        config.reconcileEvery,
        createReconciler({ ...parts, connection: redis, completion, sql: options.sql }),
      );
      loop.start();
    },
    stop: (deadline) => (stopping ??= stop(deadline)),
    health: (): HealthReport => {
      const silentMs = loop === undefined ? 0 : Math.round(clock.monotonic() - loop.lastPollAt());
      const isFull = slots.free() === 0;
      const isAlive = loop !== undefined && keeper.isSettled() && (isFull || silentMs < SILENCE_LIMIT_MS);
      const detail = { worker_id: workerId, slots: slots.total, busy: running.size, silent_ms: silentMs };
      return { ok: isAlive && !draining.signal.aborted, detail: { ...detail, is_draining: draining.signal.aborted } };
    },
  };
}

/** Waits for all that run now, but not longer than `limitMs`. */
async function settle(running: ReadonlySet<Promise<void>>, limitMs: number): Promise<void> {
  if (running.size === 0 || limitMs <= 0) return;
  const over = new AbortController();
  const limit = sleep(limitMs, over.signal).catch(() => undefined);
  await Promise.race([Promise.allSettled([...running]), limit]);
  over.abort();
}

function onControl(message: string, renewal: ReturnType<typeof createLeaseRenewal>): void {
  const order = JSON.parse(message) as { kind?: string; task_id?: string };
  if (order.kind === 'cancel') renewal.find(order.task_id ?? '')?.abort('cancelled', 'the user stopped the turn');
}

function createMeasures({ metrics }: WorkerOptions, busy: () => number) {
  const claims = metrics.counter('switchyard_turns_claimed_total', 'Tasks claimed.', ['lane']);
  const wait = metrics.timer('switchyard_turns_queue_wait_seconds', 'From accept to claim.', ['lane']);
  const slotsBusy = metrics.gauge('switchyard_turns_busy_slots', 'Slots reserved or running.');
  metrics.onScrape(() => slotsBusy.set(busy()));
  return {
    claimed: (lane: string, waitedMs: number) => {
      claims.add({ lane });
      wait.observeMs(Math.max(0, waitedMs), { lane });
    },
  };
}
