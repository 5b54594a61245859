import { expect } from 'vitest';
import { postgresTest } from './postgres-test.ts';

postgresTest('gives a migrated database of its own', async ({ postgres }) => {
  const [row] = await postgres.sql.query<{ name: string; tables: string }>({
    text: "select current_database() as name, count(*)::text as tables from pg_tables where schemaname = 'public'",
  });
  expect(row?.name).toMatch(/^test_/);
  expect(Number(row?.tables)).toBeGreaterThan(3);
});
