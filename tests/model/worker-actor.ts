import type { TurnRecord } from '@switchyard/protocol';
import { step } from './gates.ts';
import type { Thread } from './gates.ts';
import { gateRows, gateScripts } from './gated-parts.ts';
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
import type { RawTask, RunningTurn, TurnExecutor, WorkerConfig, WorkerParts } from './turns-parts.ts';
import { createClock, LEASE_MS } from './world.ts';
import type { OwnClock, World } from './world.ts';
import { reorder } from './dropped-rules.ts';

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
  const renewalName = `${thread.name}~`;
  const scripts = gateScripts(world, (script) => (script === 'renew' ? world.thread(renewalName) : thread));
  const rows = gateRows(world, thread, world.scope);
  return {
    workerId: thread.name,
    ...reorder(world, thread, { scripts, rows }),
    keys: world.keys,
    config: { ...CONFIG, maxAttempts: world.scenario.maxAttempts ?? CONFIG.maxAttempts, ...over },
    clock,
    log: world.log,
    onEpoch: () => undefined,
  };
}

const recordOf = (answer: string): TurnRecord => ({
  v: 1,
  final_answer: answer,
  steps: [],
  citations: [],
  followups: [],
  files: [],
  usage: [],
});

/** The bundle: one line, one delta, perhaps one look into the mailbox. Its host stops it when its signal aborts. */
function createBundle(world: World, thread: Thread): TurnExecutor {
  const run = async (turn: RunningTurn): Promise<string> => {
    const { turnId } = turn.task;
    await step(
      thread,
      `FIRST LINE of ${turnId}`,
      () => begin(world, thread, turn),
      () => '',
    );
    turn.signal.throwIfAborted();
    const data = buildEnvelope(
      turn.task.payload,
      { type: 'chat.delta', step: 'stream', status: 'running' },
      0,
    );
    await turn.emit({ event: 'chat_delta', data: { ...data, data: { fence: turn.fence } }, answerText: 'a' });
    turn.signal.throwIfAborted();
    if (world.scenario.isTaking === true) {
      const item = await turn.take();
      if (item !== null) world.consumed.push(item.turn_id);
      turn.signal.throwIfAborted();
    }
    return `answer of ${turnId}`;
  };
  return {
    prepare: () =>
      Promise.resolve(async (turn) => {
        turn.signal.addEventListener('abort', () => world.inBundle.delete(thread.name));
        try {
          const answer = await run(turn);
          return { status: 'completed', result: { final_answer: answer }, record: recordOf(answer) };
        } finally {
          world.inBundle.delete(thread.name);
        }
      }),
  };
}

/** The step of the first line: nothing when its host has stopped it before. */
function begin(world: World, thread: Thread, turn: RunningTurn): void {
  turn.signal.throwIfAborted();
  const { turnId } = turn.task;
  for (const [other, running] of world.inBundle)
    world.say(`OVERLAP: ${thread.name} runs ${turnId} while ${other} runs ${running}`);
  if (world.firstLines.some((line) => line.turn === turnId)) world.say(`RUN-TWICE: ${turnId}`);
  world.firstLines.push({ turn: turnId, thread: thread.name });
  world.consumed.push(turnId);
  world.inBundle.set(thread.name, turnId);
}

/** Claims by `claim` or by pop and `adopt`, then the real execution, one turn at a time, for ever. */
export function startWorker(world: World, name: string, isPopping: boolean): void {
  const thread = world.thread(name);
  world.thread(`${name}~`);
  const clock = createClock();
  const parts = createParts(world, thread, clock);
  const renewal = createLeaseRenewal(parts);
  world.closers.push(() => renewal.stop());
  const slots = createSlots(1);
  const executor = createBundle(world, thread);
  const completion = createCompletion(parts);
  const draining = new AbortController().signal;
  const execution = createExecution({
    ...parts,
    executor,
    completion,
    draining,
    onUnavailable: () => undefined,
  });
  const turns = createRunningTurns({ ...parts, renewal, execution, slots, onClaimed: () => undefined });
  const nextFence = createFenceCounter();
  thread.onKilled = () => {
    world.inBundle.delete(name);
    world.thread(`${name}~`).isDead = true;
    world.thread(`${name}~`).gate = undefined;
  };

  const claim = async (): Promise<RawTask | undefined> => {
    const args = { worker_id: name, counter: nextFence(1), lease_ms: LEASE_MS, wanted: 1, position: 0 };
    return (await parts.scripts.claim({ ...args, cycle: ['registered'] })).tasks[0];
  };
  const adopt = async (taskId: string): Promise<RawTask | undefined> => {
    for (;;) {
      const fence = `${name}:${nextFence(1) + 1}`;
      const reply = await parts.scripts.adopt({
        task_id: taskId,
        lane: 'registered',
        fence,
        lease_ms: LEASE_MS,
      });
      if (reply.code !== ScriptResult.Epoch) return reply.task;
      await step(
        thread,
        'epoch settled',
        () => undefined,
        () => '',
        { canOpen: world.isOwn },
      );
    }
  };
  const pop = async (): Promise<RawTask | undefined> => {
    const { keys, connection } = world;
    const taskId = await step(
      thread,
      'pop',
      () => connection.driver.rpoplpush(keys.lane('registered'), keys.inflight('registered')),
      String,
      { canOpen: () => world.redis.lane.length > 0 },
    );
    if (taskId === null) return undefined;
    world.popped.set(name, taskId);
    const raw = await adopt(taskId);
    world.popped.delete(name);
    return raw;
  };
  const hold = (raw: RawTask): void => {
    world.holders.set(raw.fence, {
      thread,
      isHeld: () =>
        !thread.isDead &&
        renewal.find(raw.taskId)?.task.fence === raw.fence &&
        !renewal.find(raw.taskId)?.isLost(),
      giveUp: () => {
        clock.pass(LEASE_MS);
        renewal.find(raw.taskId)?.isLost();
      },
    });
  };
  const work = async (): Promise<void> => {
    for (;;) {
      slots.reserve(1);
      const raw = await (isPopping ? pop() : claim());
      if (raw === undefined) {
        slots.release(1);
        continue;
      }
      turns.take(raw, clock.monotonic());
      hold(raw);
      await turns.settle(LEASE_MS * 1000);
    }
  };
  work().catch((error: unknown) => world.say(`DEFECT: ${name}: ${String(error)}`));
}

/** The renewal timer of this worker is due. */
export const RENEW_TICK_MS = RENEW_MS / 4;
