import { setTimeout as sleep } from 'node:timers/promises';
import { openStore } from '@switchyard/store';
import type { Sql, Store } from '@switchyard/store';
import { inject, test } from 'vitest';
import { uniqueName } from './unique-name.ts';

export interface PostgresFixture {
  /** Address of this test's own migrated database. */
  readonly url: string;
  readonly store: Store;
  readonly sql: Sql;
}

const TEMPLATE_DATABASE = 'switchyard_template';
const POOL_SIZE = 5;

/** Long enough for the processes of closed connections to be gone. */
const LEAVING_MS = 100;

const withAdmin = async (adminUrl: string, act: (sql: Sql) => Promise<unknown>): Promise<void> => {
  const admin = await openStore({ url: adminUrl, poolSize: 1, applicationName: 'testkit' });
  try {
    await act(admin.sql);
  } finally {
    await admin.close();
  }
};

/** Where one is still there that is just leaving, Postgres looks again after 100 ms only; so it is asked when none is. */
const dropDatabase = async (sql: Sql, name: string): Promise<void> => {
  const text = 'select 1 from pg_stat_activity where datname = $1 limit 1';
  const until = performance.now() + LEAVING_MS;
  while ((await sql.query({ text, values: [name] })).length > 0 && performance.now() < until) await sleep(2);
  await sql.query({ text: `drop database if exists ${name} with (force)` });
};

/** Makes a database from the run's migrated template, or one without any table. `drop` ends open connections and removes it. */
export const createTestDatabase = async ({ isEmpty = false } = {}): Promise<{
  url: string;
  drop: () => Promise<void>;
}> => {
  const problem = inject('templateError');
  if (problem !== '') throw new Error(`the template database could not be migrated: ${problem}`);
  const adminUrl = inject('postgresUrl');
  const name = uniqueName('test_');
  const template = isEmpty ? 'template1' : TEMPLATE_DATABASE;
  await withAdmin(adminUrl, (sql) => sql.query({ text: `create database ${name} template ${template}` }));
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => withAdmin(adminUrl, (sql) => dropDatabase(sql, name)) };
};

/** Test with `postgres`: a database of its own. Combine with redisTest by `redisTest.extend(postgresFixture)`. */
export const postgresFixture = {
  postgres: async (
    { task: _task }: { task: unknown },
    use: (value: PostgresFixture) => Promise<void>,
  ): Promise<void> => {
    const database = await createTestDatabase();
    const store = await openStore({ url: database.url, poolSize: POOL_SIZE, applicationName: 'test' });
    await use({ url: database.url, store, sql: store.sql });
    await store.close();
    await database.drop();
  },
};

export const postgresTest = test.extend<{ postgres: PostgresFixture }>(postgresFixture);
