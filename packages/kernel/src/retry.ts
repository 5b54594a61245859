import { sleep } from './wait.ts';

/** How often an error code is tried again and how long the first and the longest pause are, in milliseconds. */
export interface RetryRule {
  attempts: number;
  minMs: number;
  maxMs: number;
}

export type RetryTable = Readonly<Record<string, RetryRule>>;

/** SQLSTATE and socket codes that pass by themselves. Anything else is not tried again. */
export const CONNECTION_RETRIES: RetryTable = {
  ECONNREFUSED: { attempts: 8, minMs: 50, maxMs: 2000 },
  ECONNRESET: { attempts: 5, minMs: 50, maxMs: 1000 },
  EPIPE: { attempts: 5, minMs: 50, maxMs: 1000 },
  ETIMEDOUT: { attempts: 3, minMs: 100, maxMs: 2000 },
  '40001': { attempts: 5, minMs: 5, maxMs: 200 }, // serialization_failure
  '40P01': { attempts: 5, minMs: 5, maxMs: 200 }, // deadlock_detected
  '57P01': { attempts: 8, minMs: 50, maxMs: 2000 }, // admin_shutdown
  '57P03': { attempts: 8, minMs: 50, maxMs: 2000 }, // cannot_connect_now
  '53300': { attempts: 5, minMs: 100, maxMs: 2000 }, // too_many_connections
};

/**
 * Pause before attempt `attempt` (1 = the first retry): doubling from `minMs`, at most `maxMs`, the upper half random.
 * With 50/1000: 25-50, 50-100, 100-200, 200-400, 400-800, 500-1000 ms.
 */
export function decideRetryDelay(rule: RetryRule, attempt: number, random: () => number): number | undefined {
  if (attempt > rule.attempts) return undefined;
  const ceiling = Math.min(rule.maxMs, rule.minMs * 2 ** (attempt - 1));
  return ceiling / 2 + (ceiling / 2) * random();
}

/** The code of an error as drivers give it: SQLSTATE, errno name or our own code. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** Runs `attempt` until it succeeds, its error is not in the table, or its attempts are spent; then throws the last error. */
export async function retry<T>(
  run: (attempt: number) => Promise<T>,
  options: { table: RetryTable; random: () => number; signal?: AbortSignal },
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run(attempt);
    } catch (error) {
      const rule = options.table[errorCode(error) ?? ''];
      const delayMs = rule === undefined ? undefined : decideRetryDelay(rule, attempt, options.random);
      if (delayMs === undefined) throw error;
      await sleep(delayMs, options.signal);
    }
  }
}
