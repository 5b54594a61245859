import { Scope, failpoint } from '@switchyard/kernel';
import type { Clock, Deadline, HealthReport, Ids, Service } from '@switchyard/kernel';
import { USER_TYPES } from '@switchyard/protocol';
import type { TenantProject } from '@switchyard/protocol';
import type { Keys, RedisConnection, Subscriber } from '@switchyard/redis';
import type { Sql } from '@switchyard/store';
import type { Log, Metrics } from '@switchyard/telemetry';
import { createClaimLoop } from './claim-loop.ts';
import type { ClaimLoop } from './claim-loop.ts';
import type { ClaimLoopOptions } from './claim-parts.ts';
import { createCompletion } from './completion.ts';
import type { Completion } from './completion.ts';
import { createDrainGate, isWorkerOrder } from './drain-gate.ts';
import type { WorkerOrder } from './drain-gate.ts';
import { createEpochKeeper } from './epoch-keeper.ts';
import { createExecution } from './execution.ts';
import { createHeartbeat } from './heartbeat.ts';
import type { Heartbeat } from './heartbeat.ts';
import { createLeaseRenewal } from './lease-renewal.ts';
import type { LeaseRenewal } from './lease-renewal.ts';
import { createReaper } from './reaper.ts';
import { createReconciler } from './reconciler.ts';
import { createRunningTurns } from './running-turns.ts';
import type { RunningTurns } from './running-turns.ts';
import { createSlots } from './slots.ts';
import type { Slots } from './slots.ts';
import { createTurnRows } from './turn-rows.ts';
import { bindTurnScripts, loadTurnScripts } from './turn-scripts.ts';
import type { WorkerConfig } from './turns-config.ts';
import type { TurnExecutor } from './turn-types.ts';
import { createFenceCounter, startInterval } from './worker-parts.ts';
import type { FenceCounter, RepeatedWork, WorkerParts } from './worker-parts.ts';

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
/** Kept of a stop's deadline for writing the ends of what was interrupted. */
const LOOKS_PER_LEASE = 3;
const CLOSING_MS = 2000;

/**
 * One worker: claims turns, runs them through the executor, keeps their leases, and takes its share of reaping and reconciling.
 * `start` resolves when Redis' data is in order and the worker claims; `stop` is the drain of 02 (Running).
 */
export function createWorker(options: WorkerOptions): Service {
  const { config, clock, redis, ids, sql } = options;
  const gate = createDrainGate();
  const scope = new Scope();
  const nextFence = createFenceCounter();
  const slots = createSlots(config.slots);
  const parts = createParts(options, () => keeper.notice());
  const completion = createCompletion(parts);
  const keeper = createEpochKeeper({ ...parts, connection: redis, completion, ids }, sql);
  const renewal = createLeaseRenewal(parts);
  let loop: ClaimLoop | undefined;
  const lastPollAt = () => loop?.lastPollAt() ?? clock.monotonic();
  const execution = createExecution({
    ...parts,
    executor: options.executor,
    completion,
    // Another one after each order to work again: read for each task.
    get draining() {
      return gate.signal();
    },
    onUnavailable: () => loop?.pause(UNAVAILABLE_PAUSE_MS),
  });
  const turns = createRunningTurns({
    ...parts,
    renewal,
    execution,
    slots,
    onClaimed: createMeasures(options, () => renewal.all().length),
  });
  const heartbeat = createHeartbeat(parts, slots, {
    version: options.version,
    busy: turns.count,
    lastPollAt,
    isDraining: gate.isClosed,
    onOrder: (order) => obey(order),
  });
  let stopping: Promise<void> | undefined;

  /** An admin's order (03 §7). A worker that stops has taken its last one. */
  const obey = (order: WorkerOrder): void => {
    if (stopping === undefined && gate.set(order)) follow(order, parts, { loop, heartbeat });
  };

  const start = async (): Promise<void> => {
    scope.defer(() => keeper.stop());
    await keeper.settled();
    loop = await openClaimLoop(options, scope, {
      ...parts,
      slots,
      nextFence,
      onTask: turns.take,
      epochSettled: keeper.settled,
    });
    await listenForOrders(options, scope, parts, { renewal, obey });
    await heartbeat.start();
    startCare(options, scope, { ...parts, completion }, nextFence);
    loop.start();
  };

  /** No more claims; what has not started goes back, what runs may end, the rest is told; then everything is closed (02, Running). */
  const stop = async (deadline: Deadline): Promise<void> => {
    gate.set('drain');
    await heartbeat.drain().catch(() => undefined);
    await loop?.stop();
    await endTurns(config, turns, renewal, deadline);
    await renewal.stop();
    await heartbeat.stop().catch(() => undefined);
    await scope.close();
  };

  return {
    name: 'turns-worker',
    start,
    stop: (deadline) => (stopping ??= stop(deadline)),
    health: () =>
      decideHealth({
        workerId: parts.workerId,
        slots,
        busy: turns.count(),
        silentMs: Math.round(clock.monotonic() - lastPollAt()),
        silenceLimitMs: config.pollSilence,
        isDraining: gate.isClosed(),
        isUp: loop !== undefined && keeper.isSettled() && stopping === undefined,
      }),
  };
}

function follow(
  order: WorkerOrder,
  { log }: WorkerParts,
  { loop, heartbeat }: { loop: ClaimLoop | undefined; heartbeat: Heartbeat },
): void {
  log.info('worker ordered by an admin', { order });
  if (order === 'drain') void loop?.suspend();
  else loop?.resume();
  heartbeat.beat();
}

/** This worker's share of looking after what others left behind. */
function startCare(
  { redis, sql, config }: WorkerOptions,
  scope: Scope,
  parts: WorkerParts & { completion: Completion },
  nextFence: FenceCounter,
): void {
  const every = repeatIn(scope, parts);
  // A dead worker's lease is noticed soon after its end, also where leases are short; when its suspicion is over, the reaper knows itself.
  const reapEvery = Math.min(config.reapEvery, config.lease / LOOKS_PER_LEASE);
  every('reaping', reapEvery, createReaper(parts, parts.completion, nextFence));
  every('reconciling', config.reconcileEvery, createReconciler({ ...parts, connection: redis, sql }));
}

interface WorkerState {
  readonly workerId: string;
  readonly slots: Slots;
  readonly busy: number;
  readonly silentMs: number;
  readonly silenceLimitMs: number;
  readonly isDraining: boolean;
  readonly isUp: boolean;
}

/** One that an admin drained polls nothing, and is well. */
function decideHealth(state: WorkerState): HealthReport {
  const { workerId, slots, busy, silentMs, isDraining, isUp } = state;
  // With every slot at work nobody asks; slots that are reserved for pops do not count, since a pop may hang.
  const isPolling = isDraining || busy >= slots.total || silentMs < state.silenceLimitMs;
  return {
    ok: isUp && isPolling,
    detail: {
      worker_id: workerId,
      slots: slots.total,
      busy,
      silent_ms: silentMs,
      is_draining: isDraining,
    },
  };
}

/** Opens the five connections that wait for work; the scope closes them. */
async function openClaimLoop(
  options: WorkerOptions,
  scope: Scope,
  parts: Omit<ClaimLoopOptions, 'commands' | 'hot' | 'lanes'>,
): Promise<ClaimLoop> {
  const library = loadTurnScripts();
  const open = async (role: string) => {
    const connection = await scope.use(options.connectClaim(`${parts.workerId}.${role}`), (opened) =>
      opened.close(),
    );
    return { connection, scripts: bindTurnScripts(library, connection, parts.keys.prefix) };
  };
  const hot = await open('claim');
  const lanes = await Promise.all(USER_TYPES.map(async (lane) => ({ lane, ...(await open(lane)) })));
  return createClaimLoop({ ...parts, commands: options.redis, hot, lanes });
}

/** Runs something now and again until the scope is closed. */
function repeatIn(
  scope: Scope,
  { log }: WorkerParts,
): (what: string, ms: number, work: RepeatedWork) => void {
  return (what, ms, work) => {
    const timer = startInterval(work, ms, (error) => log.warn(`${what} failed`, { error }));
    scope.defer(() => timer.stop());
  };
}

async function endTurns(
  config: WorkerConfig,
  turns: RunningTurns,
  renewal: LeaseRenewal,
  deadline: Deadline,
): Promise<void> {
  failpoint('turns.drain.after-claims');
  const closingMs = config.abortGrace + CLOSING_MS;
  await turns.settle(Math.min(config.drainLimit, deadline.remainingMs() - closingMs));
  for (const held of renewal.all()) held.abort('draining', 'the server is restarting');
  await turns.settle(Math.min(closingMs, deadline.remainingMs()));
  failpoint('turns.drain.before-goodbye');
}

function createParts(options: WorkerOptions, onEpoch: () => void): WorkerParts {
  const { keys, config, clock } = options;
  const workerId = `${options.name}.${options.ids.token(6)}`;
  return {
    workerId,
    rows: createTurnRows(options.sql, options.scope),
    scripts: bindTurnScripts(loadTurnScripts(), options.redis, keys.prefix),
    keys,
    config,
    clock,
    log: options.log.child({ worker_id: workerId }),
    onEpoch,
  };
}

/** A cancel comes at once this way, an admin's order too; the next renewal and the next heartbeat bring them in any case. */
async function listenForOrders(
  { subscriber, keys }: WorkerOptions,
  scope: Scope,
  { workerId }: WorkerParts,
  { renewal, obey }: { renewal: LeaseRenewal; obey: (order: WorkerOrder) => void },
): Promise<void> {
  const onOrder = (message: string): void => {
    const order = JSON.parse(message) as { kind?: string; task_id?: string };
    if (order.kind === 'cancel')
      renewal.find(order.task_id ?? '')?.abort('cancelled', 'the user stopped the turn');
    else if (isWorkerOrder(order.kind)) obey(order.kind);
  };
  await scope.use(subscriber.subscribe(keys.control(workerId), onOrder), (leave) => leave());
}

function createMeasures({ metrics }: WorkerOptions, busy: () => number) {
  const claims = metrics.counter('switchyard_turns_claimed_total', 'Tasks claimed.', ['lane']);
  const wait = metrics.timer('switchyard_turns_queue_wait_seconds', 'From accept to claim.', ['lane']);
  const slotsBusy = metrics.gauge('switchyard_turns_busy_slots', 'Slots that hold a turn.');
  metrics.onScrape(() => slotsBusy.set(busy()));
  return (lane: string, waitedMs: number): void => {
    claims.add({ lane });
    wait.observeMs(waitedMs, { lane });
  };
}
