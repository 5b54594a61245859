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

const withAdmin = async (adminUrl: string, text: string): Promise<void> => {
  const admin = await openStore({ url: adminUrl, poolSize: 1, applicationName: 'testkit' });
  try {
    await admin.sql.query({ text });
  } finally {
    await admin.close();
  }
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
  await withAdmin(adminUrl, `create database ${name} template ${isEmpty ? 'template1' : TEMPLATE_DATABASE}`);
  const url = new URL(adminUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => withAdmin(adminUrl, `drop database if exists ${name} with (force)`) };
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
