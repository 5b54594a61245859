import { Pool, types } from 'pg';
import { createSql } from './sql.ts';
import type { Sql } from './sql.ts';

export interface StoreOptions {
  url: string;
  /** Connections at most. An advisory lock holds one while its work runs, so never less than 4. */
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

const CONNECT_TIMEOUT_MS = 5_000;
// A statement of this product takes milliseconds; one that takes longer than this holds locks that others wait for.
const STATEMENT_TIMEOUT_MS = 30_000;
const IDLE_IN_TRANSACTION_TIMEOUT_MS = 60_000;

/** Opens the pool and proves that the database answers; rejects with the driver's error otherwise. Does not migrate. */
export async function openStore(options: StoreOptions): Promise<Store> {
  const pool = new Pool({
    connectionString: options.url,
    max: Math.max(4, options.poolSize),
    application_name: options.applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_TIMEOUT_MS,
    types: { getTypeParser: typeParser },
  });
  pool.on('error', (error) => options.onConnectionError?.(error));
  const ping = async () => void (await pool.query('select 1'));
  try {
    await ping();
  } catch (error) {
    await pool.end();
    throw error;
  }
  let closing: Promise<void> | undefined;
  return { sql: createSql(pool), ping, close: () => (closing ??= pool.end()) };
}

// int8 as a number: sequence numbers and sizes stay far below 2^53, and a silent rounding would be a wrong order.
function parseBigint(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`bigint beyond 2^53: ${text}`);
  return value;
}

const typeParser: typeof types.getTypeParser = (oid: number, format?: 'text' | 'binary') =>
  oid === types.builtins.INT8 && format !== 'binary' ? parseBigint : types.getTypeParser(oid, format as 'text');
