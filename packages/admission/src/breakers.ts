import { fileURLToPath } from 'node:url';
import { PlatformError } from '@switchyard/kernel';
import type { Clock, Service } from '@switchyard/kernel';
import { USER_TYPES } from '@switchyard/protocol';
import type { UserType } from '@switchyard/protocol';
import { loadScripts } from '@switchyard/redis';
import type { RedisConnection } from '@switchyard/redis';

export interface BreakerConfig {
  /** Refusals of one user type in one window that open it; 0: breakers are off. */
  readonly refusals: number;
  readonly windowMs: number;
  readonly openMs: number;
}

export interface BreakerView {
  readonly userType: UserType;
  readonly isOpen: boolean;
  /** Milliseconds that it stays so; 0 when one message may try. */
  readonly openForMs: number;
  readonly refusals: number;
  readonly timesOpened: number;
}

/** One message on its way: exactly one of them is called when it is known. */
export interface BreakerPass {
  accepted(): Promise<void>;
  /** For want of room, and for nothing else. */
  refused(): Promise<void>;
}

export interface Breakers extends Service {
  /** Throws CIRCUIT_OPEN with Retry-After. Asks Redis only where this process knows of a breaker that is not closed. */
  enter(userType: UserType): Promise<BreakerPass>;
  views(): Promise<BreakerView[]>;
  /** False: it was closed. */
  close(userType: UserType): Promise<boolean>;
  /** Takes over what other processes have opened; runs every second while started. */
  refresh(): Promise<void>;
}

export interface BreakersParts {
  readonly redis: RedisConnection;
  readonly prefix: string;
  readonly config: () => BreakerConfig;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** How long the one that tries may take before another one does. */
const PROBE_MS = 5000;
const REFRESH_MS = 1000;
const OPEN = 1;
const PROBE = 2;

/**
 * A breaker for each user type: while more messages of its people are refused for want of room than make sense to try, the next ones are
 * refused before anything is written for them. Those of other user types are none of its business: a flood of strangers takes no room
 * from people who pay, and no patience either.
 */
export function createBreakers({ redis, prefix, config, clock }: BreakersParts): Breakers {
  const scripts = loadScripts(fileURLToPath(new URL('scripts/', import.meta.url)));
  const call = { connection: redis, prefix };
  const note = scripts.define<Record<string, string | number>, [number, number]>('note-refusal', pair);
  const ask = scripts.define<{ user_type: string; probe_ms: number }, [number, number]>('ask-breaker', pair);
  const shut = scripts.define<{ user_type: string; is_forced: string }, number>('close-breaker', Number);
  const read = scripts.define<{ user_types: readonly string[] }, number[][]>('read-breakers', (reply) =>
    (reply as unknown[][]).map((row) => row.map(Number)),
  );
  /** What is not closed, as far as this process knows: until when nobody needs to be asked, in monotonic milliseconds. */
  const known = new Map<UserType, number>();

  const keepOpen = (userType: UserType, ms: number): void => void known.set(userType, clock.monotonic() + ms);
  const refusal = (ms: number): PlatformError =>
    PlatformError.of('CIRCUIT_OPEN', 'Too many messages are waiting; try again soon.', {
      retryAfterSec: Math.max(1, Math.ceil(ms / 1000)),
    });

  /** Whether this one tries for all. */
  async function passOrThrow(userType: UserType): Promise<boolean> {
    const until = known.get(userType);
    if (until === undefined) return false;
    const left = until - clock.monotonic();
    if (left > 0) throw refusal(left);
    const [state, waitMs] = await ask(call, { user_type: userType, probe_ms: PROBE_MS });
    if (state === OPEN) {
      keepOpen(userType, waitMs);
      throw refusal(waitMs);
    }
    if (state !== PROBE) known.delete(userType);
    return state === PROBE;
  }

  async function views(): Promise<BreakerView[]> {
    const rows = await read(call, { user_types: USER_TYPES });
    return USER_TYPES.map((userType, at) => {
      const [isOpen, openForMs = 0, refusals = 0, timesOpened = 0] = rows[at] ?? [];
      return { userType, isOpen: isOpen === OPEN, openForMs, refusals, timesOpened };
    });
  }

  async function refresh(): Promise<void> {
    for (const { userType, isOpen, openForMs } of await views()) {
      if (isOpen) keepOpen(userType, openForMs);
      else known.delete(userType);
    }
  }

  return {
    name: 'breakers',
    views,
    refresh,
    async enter(userType) {
      const { refusals, windowMs, openMs } = config();
      if (refusals === 0) return { accepted: async () => {}, refused: async () => {} };
      const isProbe = await passOrThrow(userType);
      return {
        async accepted() {
          if (!isProbe) return;
          known.delete(userType);
          await shut(call, { user_type: userType, is_forced: '0' });
        },
        async refused() {
          const args = { user_type: userType, limit: refusals, window_ms: windowMs, open_ms: openMs };
          const [state, ms] = await note(call, args);
          if (state === OPEN) keepOpen(userType, ms);
        },
      };
    },
    async close(userType) {
      known.delete(userType);
      return (await shut(call, { user_type: userType, is_forced: '1' })) === 1;
    },
    ...watchEverySecond(refresh),
    health: () => ({ ok: true }),
  };
}

function pair(reply: unknown): [number, number] {
  const [state, ms] = reply as unknown[];
  return [Number(state), Number(ms)];
}

/** Asks again and again, one question at a time, however long Redis takes. */
function watchEverySecond(refresh: () => Promise<void>): { start(): Promise<void>; stop(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  let isAsking = false;
  return {
    async start() {
      // Without Redis nothing is admitted anyway, and the next second asks again.
      timer = setInterval(() => {
        if (isAsking) return;
        isAsking = true;
        void refresh()
          .catch(() => undefined)
          .finally(() => (isAsking = false));
      }, REFRESH_MS);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
    },
  };
}
