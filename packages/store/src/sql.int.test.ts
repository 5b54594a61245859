import { postgresTest } from '@switchyard/testkit';
import { describe, expect } from 'vitest';
import { openStore } from './open-store.ts';
import { isUnavailable, isUniqueViolation } from './sql-errors.ts';
import { cleanText, json } from './sql-values.ts';
import type { Sql } from './sql.ts';

const put = (sql: Sql, name: string, value: unknown = 1) =>
  sql.query({
    text: `insert into setting (tenant, project, name, value) values ('t', 'p', $1, $2::jsonb)`,
    values: [name, json(value)],
  });
const names = async (sql: Sql) =>
  (await sql.query<{ name: string }>({ text: 'select name from setting order by name' })).map(
    (row) => row.name,
  );

describe('transactions', () => {
  postgresTest(
    'a rejected one leaves nothing behind and tells its first error',
    async ({ postgres: { sql } }) => {
      const failed = sql.tx(async (tx) => {
        await put(tx, 'a');
        throw new Error('changed my mind');
      });
      await expect(failed).rejects.toThrow('changed my mind');
      expect(await names(sql)).toEqual([]);
    },
  );

  postgresTest('an inner one that fails takes back only its own part', async ({ postgres: { sql } }) => {
    await sql.tx(async (tx) => {
      await put(tx, 'a');
      await expect(tx.tx(async (inner) => put(inner, 'a'))).rejects.toSatisfy(isUniqueViolation);
      await tx.tx(async (inner) => put(inner, 'b'));
    });
    expect(await names(sql)).toEqual(['a', 'b']);
  });

  postgresTest('what is under way is not seen from outside', async ({ postgres: { sql } }) => {
    await sql.tx(async (tx) => {
      await put(tx, 'a');
      expect(await names(sql)).toEqual([]);
    });
    expect(await names(sql)).toEqual(['a']);
  });
});

describe('advisory locks', () => {
  postgresTest(
    'one holder at a time; the other is told, and may have it afterwards',
    async ({ postgres: { sql } }) => {
      const inner = await sql.tryAdvisoryLock('k', async () => ({
        same: await sql.tryAdvisoryLock('k', async () => 'ran'),
        other: await sql.tryAdvisoryLock('other', async () => 'ran'),
      }));
      expect(inner).toEqual({ same: undefined, other: 'ran' });
      expect(await sql.tryAdvisoryLock('k', async () => 'ran')).toBe('ran');
    },
  );

  postgresTest('is free again after its work failed', async ({ postgres: { sql } }) => {
    await expect(sql.tryAdvisoryLock('k', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await sql.tryAdvisoryLock('k', async () => 'ran')).toBe('ran');
  });

  postgresTest('the waiting form runs all callers one after another', async ({ postgres: { sql } }) => {
    let inside = 0;
    let most = 0;
    const one = () =>
      sql.advisoryLock('k', async () => {
        most = Math.max(most, ++inside);
        await sql.query({ text: 'select 1' });
        inside -= 1;
      });
    await Promise.all([one(), one(), one()]);
    expect(most).toBe(1);
  });

  postgresTest(
    'more waiters than connections, who all need one for their work, get through',
    async ({ postgres }) => {
      const store = await openStore({ url: postgres.url, poolSize: 2, applicationName: 'test' });
      const one = (key: string) => store.sql.advisoryLock(key, () => store.sql.query({ text: 'select 1' }));
      await Promise.all(Array.from({ length: 40 }, (_, index) => one(`k${index % 6}`)));
      await store.close();
    },
  );

  postgresTest(
    'a holder whose connection is ended hears of it, and the pool goes on',
    async ({ postgres: { sql } }) => {
      const reason = sql.advisoryLock('k', async (lost) => {
        const aborted = new Promise((resolve) => lost.addEventListener('abort', () => resolve(lost.reason)));
        await sql.query({
          text: `select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()
          and database = (select oid from pg_database where datname = current_database())`,
        });
        throw await aborted;
      });
      await expect(reason).rejects.toThrow('advisory lock lost: k');
      expect(await sql.tryAdvisoryLock('k', async () => 'ran')).toBe('ran');
    },
  );
});

describe('values', () => {
  postgresTest(
    'bigint is a number, timestamps are dates, NUL and lone surrogates are replaced',
    async ({ postgres: { sql } }) => {
      const [row] = await sql.query({
        text: `select 9007199254740991::bigint as big, timestamptz '2026-01-05 10:00Z' as at, $1::jsonb as doc, $2::text as text`,
        values: [json({ text: 'a\0b', list: [1] }), cleanText('x\uD800y')],
      });
      expect(row).toEqual({
        big: 9007199254740991,
        at: new Date('2026-01-05T10:00:00Z'),
        doc: { text: 'a\uFFFDb', list: [1] },
        text: 'x\uFFFDy',
      });
      await expect(sql.query({ text: 'select 9007199254740993::bigint as big' })).rejects.toThrow(
        'beyond 2^53',
      );
    },
  );
});

postgresTest(
  'a database that is not there is "unavailable", a wrong statement is not',
  async ({ postgres: { sql } }) => {
    const nowhere = openStore({
      url: 'postgres://x:y@127.0.0.1:1/none',
      poolSize: 4,
      applicationName: 'test',
    });
    await expect(nowhere).rejects.toSatisfy(isUnavailable);
    await expect(sql.query({ text: 'select nothing from nowhere' })).rejects.not.toSatisfy(isUnavailable);
    const cut = { text: 'select pg_terminate_backend(pg_backend_pid())' };
    // Nobody who asks this way must think of it: it is 503 with Retry-After wherever it ends up.
    const refused = { code: 'UNAVAILABLE', status: 503 };
    await expect(sql.query(cut)).rejects.toMatchObject(refused);
    await expect(sql.tx((inner) => inner.query(cut))).rejects.toMatchObject(refused);
    await expect(sql.query(cut)).rejects.toSatisfy(isUnavailable);
  },
);
