import { PlatformError, withTimeout } from '@switchyard/kernel';
import type { Clock } from '@switchyard/kernel';
import type { UserType } from '@switchyard/protocol';
import type { RedisConnection } from '@switchyard/redis';
import type { Slots } from './slots.ts';
import type { RawTask } from './script-replies.ts';
import type { TurnScripts } from './turn-scripts.ts';
import type { WorkerConfig } from './turns-config.ts';
import type { FenceCounter, WorkerParts } from './worker-parts.ts';

export interface LaneConnection {
  readonly lane: UserType;
  readonly connection: RedisConnection;
  readonly scripts: TurnScripts;
}

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

/** Answers of the lanes: in time, or the connection is made anew; and when the last one came. */
export interface Polls {
  answered<T>(connection: RedisConnection, reply: Promise<T>, limitMs: number): Promise<T>;
  lastAt(): number;
}

/** Longest wait for an answer of Redis that is not meant to block: three of them fit into the silence that readiness allows. */
export function answerLimitMs({ pollSilence }: WorkerConfig): number {
  return pollSilence / 3;
}
export const ERROR_PAUSE_MS = 200;

export function createPolls(clock: Clock): Polls {
  let lastAt = clock.monotonic();
  return {
    lastAt: () => lastAt,
    answered: async (connection, reply, limitMs) => {
      try {
        const value = await withTimeout(reply, limitMs, 'an answer of redis');
        lastAt = clock.monotonic();
        return value;
      } catch (error) {
        if (error instanceof PlatformError && error.code === 'TIMEOUT') connection.reconnect();
        throw error;
      }
    },
  };
}
