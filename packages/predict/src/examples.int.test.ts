import path from 'node:path';
import { expect, test } from 'vitest';
import { serveFolder } from '../test/serve-fixture.ts';
import type { PredictServer } from './index.ts';

// What ships as an example: run as its README says.
const bundle = (name: string) => path.join(import.meta.dirname, '../../../bundles', name);

async function predict(server: PredictServer, input: unknown): Promise<Record<string, unknown>> {
  const status = async () =>
    ((await (await fetch(`${server.url}/health-check`)).json()) as { status: string }).status;
  await expect.poll(status, { timeout: 20_000 }).toBe('READY');
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ input });
  const response = await fetch(`${server.url}/predictions`, { method: 'POST', headers, body });
  return (await response.json()) as Record<string, unknown>;
}

test('predictor-ts tells what the columns of a table hold', async () => {
  const server = await serveFolder(bundle('predictor-ts'));
  const csv = 'name,age,born\n"Lovelace, Ada",36,1815-12-10\nAlan,41,1912-06-23\n"Grace ""G""",,1906-12-09\n';
  const answer = await predict(server, { table: `data:text/csv,${encodeURIComponent(csv)}` });
  expect(answer).toMatchObject({
    status: 'succeeded',
    metrics: { rows: 3 },
    output: {
      rows: 3,
      columns: [
        { name: 'name', kind: 'text', filled: 3, distinct: 3 },
        { name: 'age', kind: 'number', filled: 2, min: 36, max: 41, mean: 38.5 },
        { name: 'born', kind: 'date', min: '1815-12-10', max: '1912-06-23' },
      ],
    },
  });
  const { json_lines } = answer['output'] as { json_lines: string };
  const text = Buffer.from(json_lines.slice(json_lines.indexOf(',') + 1), 'base64').toString();
  expect(text.split('\n')[2]).toBe('{"name":"Grace \\"G\\"","age":"","born":"1906-12-09"}');
  await server.close();
});

test('predictor-py tells the statistics of a text, from a text or a file', async () => {
  const server = await serveFolder(bundle('predictor-py'));
  const answer = await predict(server, { text: 'The cat sat. The cat ran!', top: 1 });
  expect(answer).toMatchObject({ status: 'succeeded', metrics: { words: 6 } });
  expect(answer['output']).toEqual([
    '25 characters, 6 words, 2 sentences\n',
    '3.0 words a sentence, 3.0 letters a word\n',
    '4 different words\n',
    '     2  cat\n',
  ]);
  expect((await predict(server, { file: 'data:text/plain,One%20word.' }))['metrics']).toMatchObject({
    words: 2,
  });
  expect(await predict(server, {})).toMatchObject({
    status: 'failed',
    error: 'there is no text: give text or file',
  });
  await server.close();
});
