import { PlatformError } from '@switchyard/kernel';
import type { ContinuationItem, TurnRecord, UserType } from '@switchyard/protocol';
import { drop, step } from './gates.ts';
import type { Thread } from './gates.ts';
import { gateGroupedRows, gateRows, gateScripts } from './gated-parts.ts';
import {
  buildEnvelope,
  createCompletion,
  createExecution,
  createFenceCounter,
  createLeaseRenewal,
  createRunningTurns,
  createSlots,
  ScriptResult,
  workerConfigSchema,
} from './turns-parts.ts';
import type {
  PreparedTurn,
  RawTask,
  RunningTurn,
  TurnExecutor,
  TurnOutcome,
  WorkerConfig,
  WorkerParts,
} from './turns-parts.ts';
import { createClock, LEASE_MS } from './world.ts';
import type { OwnClock, World } from './world.ts';
import { reorder } from './reorder.ts';
import { placeOf } from './scenarios.ts';

/** Long enough that nothing but the scheduler lets anything happen. */
const RENEW_MS = 1000;

const CONFIG: WorkerConfig = { ...workerConfigSchema.parse({}), lease: LEASE_MS, leaseRenew: RENEW_MS };

/** What a process of its own has: a clock, a fence counter, and parts whose every call is a step of its thread. */
export function createParts(
  world: World,
  thread: Thread,
  clock: OwnClock,
  over: Partial<WorkerConfig> = {},
): WorkerParts {
  const isWide = thread.name.startsWith('W') && slotsOf(world) > 1;
  const scripts = gateScripts(world, (script, taskId) => {
    if (script === 'renew') return world.thread(`${thread.name}~`);
    return isWide && taskId !== undefined ? world.thread(`${thread.name}.${taskId}`) : thread;
  });
  const rows = isWide
    ? gateGroupedRows(world, thread.name, world.scope)
    : gateRows(world, thread, world.scope);
  return {
    workerId: thread.name,
    ...reorder(world, thread, { scripts, rows }),
    keys: world.keys,
    config: {
      ...CONFIG,
      maxAttempts: world.scenario.maxAttempts ?? CONFIG.maxAttempts,
      ...runningLimits(world),
      ...over,
    },
    clock,
    log: world.log,
    onEpoch: () => undefined,
  };
}

export const runningLimits = ({ scenario }: World) =>
  scenario.userRunning === undefined ? {} : { userRunningRegistered: scenario.userRunning };

const slotsOf = (world: World): number => world.scenario.slots ?? 1;

/** The thread on which a worker runs a turn. */
const turnThread = (world: World, thread: Thread, taskId: string): Thread =>
  slotsOf(world) > 1 ? world.thread(`${thread.name}.${taskId}`) : thread;

const recordOf = (answer: string): TurnRecord => ({
  v: 1,
  final_answer: answer,
  steps: [],
  citations: [],
  followups: [],
  files: [],
  usage: [],
});

/** A bundle that goes on without the mailbox when that does not answer. */
async function takeOnce(turn: RunningTurn): Promise<ContinuationItem | null> {
  try {
    return await turn.take();
  } catch (error) {
    if (isAway(error)) return null;
    throw error;
  }
}

export const isAway = (error: unknown): boolean =>
  error instanceof PlatformError && error.code === 'UNAVAILABLE';

const HOST_LOST: TurnOutcome = {
  status: 'failed',
  errorType: 'host_lost',
  message: 'The host died.',
  record: recordOf(''),
  hasCrashed: true,
};

/** What the bundle does in silence, where its host may die; false: it did. */
async function work(world: World, thread: Thread, turnId: string): Promise<boolean> {
  if (world.scenario.isRecovering !== true) return true;
  let isAlive = true;
  await step(
    thread,
    `work on ${turnId}`,
    (mishap) => void (isAlive = mishap === undefined),
    () => String(isAlive),
    { mishaps: ['crashHost'] },
  );
  return isAlive;
}

/** The bundle: one line, one delta, perhaps one look into the mailbox. Its host stops it when its signal aborts. */
function createBundle(world: World, worker: Thread, draining: AbortSignal): TurnExecutor {
  const run = async (turn: RunningTurn): Promise<string | undefined> => {
    const { turnId, taskId } = turn.task;
    const thread = turnThread(world, worker, taskId);
    await step(
      thread,
      `FIRST LINE of ${turnId}`,
      () => begin(world, thread, turn),
      () => '',
    );
    turn.signal.throwIfAborted();
    const isAlive = await work(world, thread, turnId);
    if (!isAlive) return undefined;
    turn.signal.throwIfAborted();
    const data = buildEnvelope(
      turn.task.payload,
      { type: 'chat.delta', step: 'stream', status: 'running' },
      0,
    );
    await turn.emit({ event: 'chat_delta', data: { ...data, data: { fence: turn.fence } }, answerText: 'a' });
    turn.signal.throwIfAborted();
    if (world.scenario.isTaking === true) {
      const item = await takeOnce(turn);
      if (item !== null) world.consumed.push(item.turn_id);
      turn.signal.throwIfAborted();
    }
    return `answer of ${turnId}`;
  };
  return {
    prepare: async ({ taskId, turnId }, signal) => {
      const thread = turnThread(world, worker, taskId);
      if (world.scenario.isPreparing === true && !signal.aborted && !draining.aborted) {
        // Nobody waits for it any more when the lease is lost or the worker drains.
        for (const over of [signal, draining]) over.addEventListener('abort', () => drop(thread, 'prepare'));
        await step(
          thread,
          `prepare ${turnId}`,
          () => undefined,
          () => '',
        );
      }
      const runTurn: PreparedTurn = async (turn) => {
        turn.signal.addEventListener('abort', () => world.inBundle.delete(thread.name));
        try {
          const answer = await run(turn);
          if (answer === undefined) return HOST_LOST;
          return { status: 'completed', result: { final_answer: answer }, record: recordOf(answer) };
        } finally {
          world.inBundle.delete(thread.name);
        }
      };
      const hasRecovery = world.scenario.isRecovering === true;
      return hasRecovery ? Object.assign(runTurn, { recovery: 'retryIfSilent' as const }) : runTurn;
    },
  };
}

/** The step of the first line: nothing when its host has stopped it before. */
function begin(world: World, thread: Thread, turn: RunningTurn): void {
  turn.signal.throwIfAborted();
  const { turnId } = turn.task;
  for (const [other, running] of world.inBundle)
    if (placeOf(running).conversation === placeOf(turnId).conversation)
      world.say(`OVERLAP: ${thread.name} runs ${turnId} while ${other} runs ${running}`);
  const starts = world.firstLines.filter((line) => line.turn === turnId).length;
  if (starts > 0 && !mayRunAgain(world, turnId, starts)) world.say(`RUN-TWICE: ${turnId}`);
  world.firstLines.push({ turn: turnId, thread: thread.name });
  if (starts === 0) world.consumed.push(turnId);
  world.inBundle.set(thread.name, turnId);
  if (world.scenario.isSlow === true) world.stalled.add(thread.name);
}

/** Twice at most, and never after anything of it was seen or done. */
export function mayRunAgain(world: World, turnId: string, starts: number): boolean {
  const isSeen = world.allEvents.some(({ event, turn }) => turn === turnId && event === 'chat_delta');
  return world.scenario.isRecovering === true && !isSeen && starts <= 2;
}

/** As the worker asks them, heaviest first. */
const CYCLE: readonly UserType[] = ['paid', 'registered'];

/** Claims by `claim` or by pop and `adopt`, then the real execution, for ever or until it drains. */
export function startWorker(world: World, name: string, isPopping: boolean): void {
  const thread = world.thread(name);
  world.thread(`${name}~`);
  const clock = createClock();
  const parts = createParts(world, thread, clock);
  // Without the rule, the worker believes what the last renewal said for ever.
  const leaseClock = world.bench.order === 'noOwnDeadline' ? createClock() : clock;
  const renewal = createLeaseRenewal({ ...parts, clock: leaseClock });
  world.closers.push(() => renewal.stop());
  const slots = createSlots(slotsOf(world));
  const draining = new AbortController();
  const executor = createBundle(world, thread, draining.signal);
  const completion = createCompletion(parts);
  const execution = createExecution({
    ...parts,
    executor,
    completion,
    draining: draining.signal,
    onUnavailable: () => undefined,
  });
  const turns = createRunningTurns({ ...parts, renewal, execution, slots, onClaimed: () => undefined });
  const nextFence = createFenceCounter();
  thread.onKilled = () => {
    if (world.replacementsLeft <= 0) return;
    world.replacementsLeft -= 1;
    startWorker(world, `W${3 + world.replacementsLeft}`, isPopping);
  };
  world.drains.set(name, {
    begin: () => {
      draining.abort();
      // What was not sent is not sent; what blocks is unblocked.
      drop(thread, 'script claim');
      drop(thread, 'pop');
    },
    end: () => {
      for (const held of renewal.all()) held.abort('draining', 'the server is restarting');
    },
  });

  const claim = async (): Promise<RawTask[]> => {
    const wanted = slotsOf(world) > 1 ? slots.free() + 1 : 1;
    slots.reserve(wanted - 1);
    const args = { worker_id: name, counter: nextFence(wanted), lease_ms: LEASE_MS, wanted, position: 0 };
    try {
      const { tasks } = await parts.scripts.claim({ ...args, cycle: CYCLE });
      slots.release(wanted - Math.max(1, tasks.length));
      return tasks;
    } catch (error) {
      slots.release(wanted - 1);
      throw error;
    }
  };
  const adopt = async (taskId: string, lane: string): Promise<RawTask[]> => {
    for (;;) {
      const fence = `${name}:${nextFence(1) + 1}`;
      const reply = await parts.scripts.adopt({ task_id: taskId, lane, fence, lease_ms: LEASE_MS });
      if (reply.code !== ScriptResult.Epoch) return reply.task === undefined ? [] : [reply.task];
      await step(
        thread,
        'epoch settled',
        () => undefined,
        () => '',
        { canOpen: world.isOwn },
      );
    }
  };
  const pop = async (): Promise<RawTask[]> => {
    const { keys, connection } = world;
    const filled = () => CYCLE.find((lane) => (world.redis.lanes[lane] ?? []).length > 0);
    let lane: UserType = 'registered';
    const taskId = await step(
      thread,
      'pop',
      () => {
        lane = filled() ?? lane;
        return connection.driver.rpoplpush(keys.lane(lane), keys.inflight(lane));
      },
      String,
      { canOpen: () => filled() !== undefined },
    );
    if (taskId === null) return [];
    world.popped.set(name, taskId);
    try {
      return await adopt(taskId, lane);
    } finally {
      world.popped.delete(name);
    }
  };
  const hold = (raw: RawTask): void => {
    const lease = () => renewal.find(raw.taskId);
    world.holders.set(raw.fence, {
      thread: turnThread(world, thread, raw.taskId),
      isHeld: () => !thread.isDead && lease()?.task.fence === raw.fence && !lease()?.isLost(),
      giveUp: () => {
        clock.pass(LEASE_MS);
        lease()?.isLost();
      },
    });
  };
  /** One slot is reserved for the claim. */
  const claimOnce = async (): Promise<boolean> => {
    try {
      const tasks = await (isPopping ? pop() : claim());
      for (const raw of tasks) {
        turns.take(raw, clock.monotonic());
        hold(raw);
      }
      return tasks.length > 0;
    } catch (error) {
      if (!isAway(error)) throw error;
      return false;
    }
  };
  const work = async (): Promise<void> => {
    while (!draining.signal.aborted) {
      slots.reserve(1);
      if (!(await claimOnce())) slots.release(1);
      if (slots.free() === 0) await (slotsOf(world) > 1 ? slots.changed() : turns.settle(LEASE_MS * 1000));
    }
  };
  work().catch((error: unknown) => world.say(`DEFECT: ${name}: ${String(error)}`));
}

/** The renewal timer of this worker is due. */
export const RENEW_TICK_MS = RENEW_MS / 4;
