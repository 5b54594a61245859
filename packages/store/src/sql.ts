import type { Pool, PoolClient } from 'pg';

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
export interface Sql {
  /** Returns the rows; no row is information, not an error. */
  query<R extends object>(statement: Statement): Promise<R[]>;
  /** Commits when `run` resolves, rolls back when it rejects. Inside a transaction it is a savepoint. */
  tx<T>(run: (sql: Sql) => Promise<T>): Promise<T>;
  /**
   * Runs under a lock of that name, which one process of the whole database can hold; undefined (and not run) when it is
   * taken. The lock ends with its connection: then `lost` aborts, and the work must stop by itself.
   */
  tryAdvisoryLock<T>(key: string, run: (lost: AbortSignal) => Promise<T>): Promise<T | undefined>;
  /** The same, but waits for its turn. */
  advisoryLock<T>(key: string, run: (lost: AbortSignal) => Promise<T>): Promise<T>;
}

// Locks belong to a transaction and not to a session, so that they hold behind a transaction pooler as well. That
// transaction is idle while `run` works, and a waiter waits long: both timeouts are off for it alone.
const LOCK_SETTINGS = `select set_config('idle_in_transaction_session_timeout', '0', true), set_config('statement_timeout', '0', true)`;
const LOCK = 'select true as held from pg_advisory_xact_lock(hashtextextended($1, 0))';
const TRY_LOCK = 'select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as held';

type Executor = Pick<PoolClient, 'query'>;

export function createSql(pool: Pool): Sql {
  return {
    query: (statement) => runStatement(pool, statement),
    tx: (run) => withClient(pool, (client) => inTransaction(client, () => run(transactionSql(pool, client, 1)))),
    ...lockSql(pool),
  };
}

/** `depth` names the savepoint; statements of one transaction go over one connection, in order. */
function transactionSql(pool: Pool, client: PoolClient, depth: number): Sql {
  return {
    query: (statement) => runStatement(client, statement),
    tx: (run) => inSavepoint(client, `s${depth}`, () => run(transactionSql(pool, client, depth + 1))),
    ...lockSql(pool),
  };
}

function lockSql(pool: Pool): Pick<Sql, 'tryAdvisoryLock' | 'advisoryLock'> {
  return {
    tryAdvisoryLock: (key, run) => locked(pool, TRY_LOCK, key, (held, lost) => (held ? run(lost) : undefined)),
    advisoryLock: (key, run) => locked(pool, LOCK, key, (_held, lost) => run(lost)),
  };
}

async function runStatement<R extends object>(executor: Executor, statement: Statement): Promise<R[]> {
  const result = await executor.query<R>({
    text: statement.text,
    ...(statement.name === undefined ? {} : { name: statement.name }),
    ...(statement.values === undefined ? {} : { values: [...statement.values] }),
  });
  return result.rows;
}

async function withClient<T>(pool: Pool, run: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onBreak = (error: Error) => {
    broken = error;
  };
  client.on('error', onBreak);
  try {
    return await run(client);
  } finally {
    client.off('error', onBreak);
    client.release(broken);
  }
}

async function inTransaction<T>(client: PoolClient, run: () => Promise<T>): Promise<T> {
  await client.query('begin');
  let value: T;
  try {
    value = await run();
  } catch (error) {
    // The first error is the one to tell; if the rollback fails the connection is gone, and the transaction with it.
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
  await client.query('commit');
  return value;
}

async function inSavepoint<T>(client: PoolClient, name: string, run: () => Promise<T>): Promise<T> {
  await client.query(`savepoint ${name}`);
  try {
    const value = await run();
    await client.query(`release savepoint ${name}`);
    return value;
  } catch (error) {
    await client.query(`rollback to savepoint ${name}`).catch(() => undefined);
    throw error;
  }
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
