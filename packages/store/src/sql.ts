import type { Pool, PoolClient } from 'pg';
import { createAdvisoryLocks } from './advisory-locks.ts';
import type { AdvisoryLocks } from './advisory-locks.ts';
import { inSavepoint, inTransaction, withClient } from './pool-client.ts';
import { toStoreError } from './sql-errors.ts';

/** One statement as an object: a name makes it a prepared one on its connection. */
export interface Statement {
  name?: string;
  text: string;
  values?: readonly unknown[];
}

/**
 * How the rest of the house speaks SQL; only this package sees the driver. Rows are plain objects: `timestamptz` is a
 * `Date`, `bigint` a number (refused above 2^53), `jsonb` is parsed, `bytea` a Buffer. To write `jsonb` pass `json(value)`.
 */
export interface Sql extends AdvisoryLocks {
  /** Returns the rows; no row is information, not an error. */
  query<R extends object>(statement: Statement): Promise<R[]>;
  /** Commits when `run` resolves, rolls back when it rejects. Inside a transaction it is a savepoint. */
  tx<T>(run: (sql: Sql) => Promise<T>): Promise<T>;
}

export function createSql(pool: Pool, lockPool: Pool): Sql {
  const locks = createAdvisoryLocks(lockPool);
  return {
    query: (statement) => translated(runStatement(pool, statement)),
    tx: (run) =>
      translated(
        withClient(pool, (client) => inTransaction(client, () => run(transactionSql(client, locks, 1)))),
      ),
    ...locks,
  };
}

/** `depth` names the savepoint; statements of one transaction go over one connection, in order. */
function transactionSql(client: PoolClient, locks: AdvisoryLocks, depth: number): Sql {
  return {
    query: (statement) => runStatement(client, statement),
    tx: (run) => inSavepoint(client, `s${depth}`, () => run(transactionSql(client, locks, depth + 1))),
    ...locks,
  };
}

async function translated<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw toStoreError(error);
  }
}

async function runStatement<R extends object>(
  executor: Pool | PoolClient,
  statement: Statement,
): Promise<R[]> {
  const result = await executor.query<R>({
    text: statement.text,
    ...(statement.name === undefined ? {} : { name: statement.name }),
    ...(statement.values === undefined ? {} : { values: [...statement.values] }),
  });
  return result.rows;
}
