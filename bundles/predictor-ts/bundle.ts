import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { defineBundle, file, outputFile, predictor, z } from '@switchyard/bundle-sdk';
import { profileColumn } from './profile-column.ts';
import { readTable } from './read-table.ts';

const columnSchema = z.object({
  name: z.string(),
  kind: z.enum(['number', 'date', 'text', 'empty']),
  filled: z.int(),
  distinct: z.int(),
  min: z.union([z.number(), z.string()]).nullable(),
  max: z.union([z.number(), z.string()]).nullable(),
  mean: z.number().nullable(),
});

/** How many rows are looked at between two looks at the signal. */
const ROWS_AT_ONCE = 10_000;

export default defineBundle({
  id: 'predictor-ts',
  name: 'Table profile',
  description: 'Reads a CSV file, says what each column holds, and gives the rows as JSON lines.',
  limits: { concurrency: 1, instances: 2 },
  predict: predictor({
    input: z.object({
      table: file().describe('A CSV file with a header line'),
      delimiter: z.enum([',', ';', '\t']).default(',').describe('What stands between two values'),
      max_rows: z.int().min(1).max(1_000_000).default(100_000),
    }),
    output: z.object({ rows: z.int(), columns: z.array(columnSchema), json_lines: file() }),
    async predict({ table, delimiter, max_rows }, ctx) {
      const [header = [], ...all] = readTable(table.text(), delimiter);
      const rows = all.slice(0, max_rows);
      if (all.length > rows.length) process.stdout.write(`${all.length - rows.length} rows left out\n`);
      const lines: string[] = [];
      for (const [at, row] of rows.entries()) {
        if (at % ROWS_AT_ONCE === 0) {
          // A turn of the event loop: a cancel is heard here.
          await new Promise((resolve) => void setImmediate(resolve));
          ctx.signal.throwIfAborted();
        }
        lines.push(JSON.stringify(Object.fromEntries(header.map((name, index) => [name, row[index] ?? '']))));
      }
      ctx.metric('rows', rows.length);
      const target = path.join(ctx.scratchDir, 'rows.jsonl');
      writeFileSync(target, lines.map((line) => `${line}\n`).join(''));
      const columns = header.map((name, at) =>
        profileColumn(
          name,
          rows.map((row) => row[at] ?? ''),
        ),
      );
      return { rows: rows.length, columns, json_lines: outputFile(target) };
    },
  }),
});
