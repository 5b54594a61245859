import type { Pool, PoolClient } from 'pg';

/** Lends one connection. A connection that broke is thrown away, not given back. */
export async function withClient<T>(pool: Pool, run: (client: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  // While it is lent out the pool does not listen, and an error event without a listener would end the process.
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

export async function inTransaction<T>(client: PoolClient, run: () => Promise<T>): Promise<T> {
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

export async function inSavepoint<T>(client: PoolClient, name: string, run: () => Promise<T>): Promise<T> {
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
