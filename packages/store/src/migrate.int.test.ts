import { postgresTest, uniqueName } from '@switchyard/testkit';
import { expect, inject } from 'vitest';
import { migrate, runMigrations } from './migrate.ts';
import { openStore } from './open-store.ts';

postgresTest('a migrated database has nothing left to do', async ({ postgres }) => {
  expect(await migrate(postgres.url)).toEqual([]);
});

postgresTest(
  'of eight processes that start at once exactly one migrates, and all find the schema',
  async ({ postgres }) => {
    const name = uniqueName('empty_');
    await postgres.sql.query({ text: `create database ${name}` });
    const url = new URL(inject('postgresUrl'));
    url.pathname = `/${name}`;
    try {
      const ran = await Promise.all(Array.from({ length: 8 }, () => migrate(url.href)));
      expect(ran.filter((names) => names.length > 0)).toHaveLength(1);
      const store = await openStore({ url: url.href, poolSize: 4, applicationName: 'test' });
      expect(await store.sql.query({ text: 'select count(*) as turns from turn' })).toEqual([{ turns: 0 }]);
      await store.close();
    } finally {
      await postgres.sql.query({ text: `drop database ${name} with (force)` });
    }
  },
);

postgresTest('every migration can be taken back and run again', async ({ postgres }) => {
  const takenBack = await runMigrations(postgres.url, { direction: 'down', count: Infinity });
  const tables = `select tablename from pg_tables where schemaname = 'public'`;
  expect(await postgres.sql.query({ text: tables })).toEqual([{ tablename: 'schema_migration' }]);
  expect(await migrate(postgres.url)).toEqual(takenBack.toReversed());
});
