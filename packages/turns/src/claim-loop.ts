import { PlatformError, sleep, withTimeout } from '@switchyard/kernel';
import { USER_TYPES } from '@switchyard/protocol';
import type { UserType } from '@switchyard/protocol';
import type { RedisConnection } from '@switchyard/redis';
import { decideRotation } from './decide-rotation.ts';
import { ScriptResult } from './script-result.ts';
import type { Slots } from './slots.ts';
import type { RawTask, TurnScripts } from './turn-scripts.ts';
import type { FenceCounter, WorkerParts } from './worker-parts.ts';

export interface ClaimLoopOptions extends WorkerParts {
  readonly slots: Slots;
  readonly nextFence: FenceCounter;
  /** For CLIENT UNBLOCK. */
  readonly commands: RedisConnection;
  /** Kind `claim`, one for the hot path and one per lane. */
  readonly hot: { connection: RedisConnection; scripts: TurnScripts };
  readonly lanes: readonly LaneConnection[];
  /** Takes the task over together with one reserved slot. `sentAt`: monotonic, from which its lease counts. */
  readonly onTask: (task: RawTask, sentAt: number) => void;
  /** Resolves when Redis' data belongs to its server. */
  readonly epochSettled: () => Promise<void>;
}

export interface LaneConnection {
  readonly lane: UserType;
  readonly connection: RedisConnection;
  readonly scripts: TurnScripts;
}

export interface ClaimLoop {
  start(): void;
  /** No claims for a while: a store is away. */
  pause(ms: number): void;
  /** Monotonic time of the last answer of a lane. */
  lastPollAt(): number;
  /** Takes no more; resolves when nothing is reserved any more for a pop. */
  stop(): Promise<void>;
}

const CLAIMS_AT_ONCE = 8;
const ERROR_PAUSE_MS = 200;
const ANSWER_LIMIT_MS = 5000;
const UNBLOCK_AGAIN_MS = 20;

/** While any lane has work: `claim`. When all are empty: one blocked pop per lane, each with a reserved slot (02, Waiting for work). */
export function createClaimLoop(options: ClaimLoopOptions): ClaimLoop {
  const { slots, config, clock, keys, workerId, nextFence, log } = options;
  const cycle = decideRotation(config.laneWeights);
  const blocked = new Map<UserType, Promise<void>>();
  const stopped = new AbortController();
  const stopping = new Promise<void>((resolve) => stopped.signal.addEventListener('abort', () => resolve()));
  let position = 0;
  let lastPollAt = clock.monotonic();
  let pausedUntil = 0;
  // A pop brought something: its lane may have more, which nobody waits for.
  let mayHaveMore = false;
  let looping: Promise<void> = Promise.resolve();

  /** Both: the answer in time, or the connection anew. */
  const answered = async <T>(connection: RedisConnection, reply: Promise<T>, limitMs: number): Promise<T> => {
    try {
      const value = await withTimeout(reply, limitMs, 'an answer of redis');
      lastPollAt = clock.monotonic();
      return value;
    } catch (error) {
      if (error instanceof PlatformError && error.code === 'TIMEOUT') connection.reconnect();
      throw error;
    }
  };

  const claimHot = async (): Promise<number> => {
    const wanted = slots.reserve(CLAIMS_AT_ONCE);
    if (wanted === 0) return 0;
    let taken = 0;
    try {
      const sentAt = clock.monotonic();
      const counter = nextFence(wanted);
      const args = { worker_id: workerId, counter, lease_ms: config.lease, wanted, position, cycle };
      const reply = await answered(options.hot.connection, options.hot.scripts.claim(args), ANSWER_LIMIT_MS);
      if (reply.code === ScriptResult.Epoch) {
        await Promise.race([options.epochSettled(), stopping]);
        return 0;
      }
      position = reply.position;
      taken = reply.tasks.length;
      for (const task of reply.tasks) options.onTask(task, sentAt);
      return taken;
    } finally {
      slots.release(wanted - taken);
    }
  };

  /** One slot is reserved for it. */
  const block = async ({ lane, connection, scripts }: LaneConnection): Promise<void> => {
    let isHanded = false;
    try {
      if (!connection.isReady()) await connection.ready(ANSWER_LIMIT_MS);
      const pop = connection.driver.brpoplpush(keys.lane(lane), keys.inflight(lane), config.blockedPop / 1000);
      const taskId: string | null = await answered(connection, pop, config.blockedPop + ANSWER_LIMIT_MS);
      if (taskId === null) return;
      mayHaveMore = true;
      const sentAt = clock.monotonic();
      const args = { task_id: taskId, lane, fence: `${workerId}:${nextFence(1) + 1}`, lease_ms: config.lease };
      const { code, task } = await answered(connection, scripts.adopt(args), ANSWER_LIMIT_MS);
      if (code === ScriptResult.Epoch) options.onEpoch();
      if (task === undefined) return;
      isHanded = true;
      options.onTask(task, sentAt);
    } catch (error) {
      // What it may have popped is inflight without a lease, and the reaper finds it.
      if (!stopped.signal.aborted) log.warn('a blocked pop failed', { lane, error });
      await sleep(ERROR_PAUSE_MS);
    } finally {
      blocked.delete(lane);
      if (!isHanded) slots.release(1);
    }
  };

  const blockLanes = (): void => {
    for (const lane of options.lanes) {
      if (blocked.has(lane.lane) || slots.reserve(1) === 0) continue;
      blocked.set(lane.lane, block(lane));
    }
  };

  /** Ends blocked pops: each returns its item or nothing. Never by closing the socket, which could lose an item for a lease. */
  const unblock = async (): Promise<void> => {
    for (const lane of options.lanes) {
      if (!blocked.has(lane.lane) || !lane.connection.isReady()) continue;
      const id = clientIds.get(lane.lane);
      if (id !== undefined) await options.commands.driver.client('UNBLOCK', id);
    }
  };

  const clientIds = new Map<UserType, number>();
  for (const { lane, connection } of options.lanes) {
    const learn = () => {
      clientIds.delete(lane);
      connection.driver.client('ID').then(
        (id) => clientIds.set(lane, id),
        () => undefined,
      );
    };
    connection.onReady(learn);
    learn();
  }

  const round = async (): Promise<void> => {
    const pauseMs = pausedUntil - clock.monotonic();
    if (pauseMs > 0) return void (await Promise.race([sleep(pauseMs), stopping]));
    if (slots.free() > 0) {
      if ((await claimHot()) > 0) return;
      mayHaveMore = false;
      if (stopped.signal.aborted) return;
      blockLanes();
    } else if (mayHaveMore && blocked.size > 0) {
      mayHaveMore = false;
      await unblock();
    }
    await Promise.race([...blocked.values(), slots.changed(), stopping]);
  };

  const loop = async (): Promise<void> => {
    while (!stopped.signal.aborted) {
      try {
        await round();
      } catch (error) {
        if (stopped.signal.aborted) return;
        log.warn('claiming failed', { error });
        await Promise.race([sleep(ERROR_PAUSE_MS), stopping]);
      }
    }
  };

  return {
    start: () => void (looping = loop()),
    pause: (ms) => void (pausedUntil = clock.monotonic() + ms),
    lastPollAt: () => lastPollAt,
    stop: async () => {
      stopped.abort();
      await looping;
      // One that was sent but has not arrived yet is not blocked yet: ask until all are back.
      while (blocked.size > 0) {
        await unblock().catch(() => undefined);
        await Promise.race([...blocked.values(), sleep(UNBLOCK_AGAIN_MS)]);
      }
    },
  };
}

export const LANES: readonly UserType[] = USER_TYPES;
