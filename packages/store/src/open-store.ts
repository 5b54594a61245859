import { Pool, TypeOverrides, types } from 'pg';
import { createSql } from './sql.ts';
import type { Sql } from './sql.ts';

export interface StoreOptions {
  url: string;
  /** Connections for statements at most. Advisory locks have up to `LOCK_CONNECTIONS` of their own, opened when needed. */
  poolSize: number;
  /** Shown in pg_stat_activity. */
  applicationName: string;
  /** An idle connection broke. The pool makes a new one by itself; this is for the log. */
  onConnectionError?: (error: Error) => void;
}

export interface Store {
  readonly sql: Sql;
  /** For readiness: one round trip, rejects when there is no database. */
  ping(): Promise<void>;
  /** Waits for running statements, then closes every connection. */
  close(): Promise<void>;
}

const LOCK_CONNECTIONS = 8;
const CONNECT_TIMEOUT_MS = 5_000;
// A statement of this product takes milliseconds; one that takes longer than this holds locks that others wait for.
const STATEMENT_TIMEOUT_MS = 30_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000;

/**
 * Statements with a name are planned once for each connection. Left to itself the planner takes arrays for ten rows, finds that dear, and
 * plans the statements of the hot path anew each time: 1.5 ms instead of 0.1. And one that is planned while a table is small finds it
 * cheapest to read all of it, and does so for each message until the first statistics come, a minute later: 1,448 blocks for three turns
 * instead of 37. Where no index leads to the rows, a table is still read as a whole; that must not seem so dear as to be compiled.
 */
const PLANNING = '-c plan_cache_mode=force_generic_plan -c enable_seqscan=off -c jit=off';

/** Opens the pool and proves that the database answers; rejects with the driver's error otherwise. Does not migrate. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const pool = createPool(options, options.poolSize);
  const lockPool = createPool(options, LOCK_CONNECTIONS);
  const ping = async () => void (await pool.query('select 1'));
  let closing: Promise<void> | undefined;
  const close = () => (closing ??= Promise.all([pool.end(), lockPool.end()]).then(() => undefined));
  try {
    await ping();
  } catch (error) {
    await close();
    throw error;
  }
  return { sql: createSql(pool, lockPool), ping, close };
}

function createPool(options: StoreOptions, max: number): Pool {
  const pool = new Pool({
    connectionString: options.url,
    max,
    application_name: options.applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    options: PLANNING,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    types: createTypes(),
  });
  pool.on('error', (error) => options.onConnectionError?.(error));
  return pool;
}

// int8 as a number: sequence numbers and sizes stay far below 2^53, and a silent rounding would be a wrong order.
function parseBigint(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint beyond 2^53: ${text}`);
  return value;
}

function createTypes(): TypeOverrides {
  const overrides = new TypeOverrides();
  overrides.setTypeParser(types.builtins.INT8, parseBigint);
  return overrides;
}
