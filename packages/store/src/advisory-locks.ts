import type { Pool } from 'pg';
import { inTransaction, withClient } from './pool-client.ts';

/** Locks by name over the whole database. */
export interface AdvisoryLocks {
  /**
   * Runs under a lock of that name, which one process of the whole database can hold; undefined (and not run) when it is
   * taken. The lock ends with its connection: then `lost` aborts, and the work must stop by itself.
   */
  tryAdvisoryLock<T>(key: string, run: (lost: AbortSignal) => Promise<T>): Promise<T | undefined>;
  /** The same, but waits for its turn. Not to be nested under the same key: it would wait for itself. */
  advisoryLock<T>(key: string, run: (lost: AbortSignal) => Promise<T>): Promise<T>;
}

// Locks belong to a transaction and not to a session, so that they hold behind a transaction pooler as well. That
// transaction is idle while `run` works, and a waiter waits long: both timeouts are off for it alone.
const LOCK_SETTINGS = `select set_config('idle_in_transaction_session_timeout', '0', true), set_config('statement_timeout', '0', true)`;
const LOCK = 'select true as held from pg_advisory_xact_lock(hashtextextended($1, 0))';
const TRY_LOCK = 'select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as held';

/**
 * `pool` must be for locks alone: a lock keeps a connection while its work runs, and the work needs connections too. For the
 * same reason callers of this process queue here first, so that a name takes one connection however many wait for it.
 */
export function createAdvisoryLocks(pool: Pool): AdvisoryLocks {
  const queue = createQueueByKey();
  return {
    tryAdvisoryLock: (key, run) =>
      locked(pool, TRY_LOCK, key, (held, lost) => (held ? run(lost) : undefined)),
    advisoryLock: (key, run) => queue(key, () => locked(pool, LOCK, key, (_held, lost) => run(lost))),
  };
}

function locked<T>(
  pool: Pool,
  lock: string,
  key: string,
  run: (held: boolean, lost: AbortSignal) => T | Promise<T>,
): Promise<T> {
  return withClient(pool, (client) =>
    inTransaction(client, async () => {
      const lost = new AbortController();
      const onEnd = () => lost.abort(new Error(`advisory lock lost: ${key}`));
      client.once('error', onEnd);
      client.once('end', onEnd);
      try {
        await client.query(LOCK_SETTINGS);
        const { rows } = await client.query<{ held: boolean }>(lock, [key]);
        return await run(rows[0]?.held === true, lost.signal);
      } finally {
        client.off('error', onEnd);
        client.off('end', onEnd);
      }
    }),
  );
}

/** Runs one after another what has the same key; keeps nothing of keys that nobody waits for. */
function createQueueByKey(): <T>(key: string, run: () => Promise<T>) => Promise<T> {
  const tails = new Map<string, Promise<unknown>>();
  return (key, run) => {
    const before = tails.get(key) ?? Promise.resolve();
    const mine = before.then(run);
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    tails.set(key, settled);
    void settled.then(() => {
      if (tails.get(key) === settled) tails.delete(key);
    });
    return mine;
  };
}
