import { postgresTest } from '@switchyard/testkit';
import { describe, expect } from 'vitest';
import { endTurns } from './end-turns.ts';
import { insertTurns } from './insert-turns.ts';
import { startTurns } from './start-turns.ts';

const scope = { tenant: 't', project: 'p' };

describe('plans of the hot path in a database that holds nothing yet', () => {
  const statements = [insertTurns(scope, []), startTurns(scope, []), endTurns(scope, [])];
  for (const { name, text } of statements) {
    postgresTest(`${name} reads no table as a whole`, async ({ postgres }) => {
      // As it is planned once for a connection, before there is any turn to have statistics of.
      const rows = await postgres.sql.query<{ 'QUERY PLAN': string }>({
        text: `explain (generic_plan) ${text}`,
      });
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
      expect(plan).not.toContain('Seq Scan');
    });
  }
});
