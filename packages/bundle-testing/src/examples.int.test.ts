import { readFile, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openBundle } from './index.ts';
import type { OpenOptions } from './index.ts';

// The examples of the SDK's README: the very text, run.
const sdk = fileURLToPath(new URL('../../bundle-sdk/', import.meta.url));
const open = (name: string, options: OpenOptions = {}) =>
  openBundle(`${sdk}test/examples/${name}.ts`, options);

test('the README shows the examples as they are, and no code that is none', async () => {
  const readme = await readFile(`${sdk}README.md`, 'utf8');
  const blocks = [...readme.matchAll(/```ts\n(.*?)```/gsu)].map(([, code]) => code);
  const names = await readdir(`${sdk}test/examples`);
  const files = await Promise.all(names.map((name) => readFile(`${sdk}test/examples/${name}`, 'utf8')));
  expect(new Set(blocks)).toEqual(new Set(files));
});

test('answer', async () => {
  await using bundle = await open('answer');
  expect((await bundle.turn('hi')).result).toEqual({
    final_answer: 'Hello, Ada!',
    followups: ['What can you do?'],
  });
});

test('settings', async () => {
  await using bundle = await open('settings', { props: { city: 'Oslo' }, secrets: { api_key: 'k' } });
  bundle.platform.http = (request) =>
    new Response(`${request.url} ${request.headers.get('authorization') ?? ''}`);
  const turn = await bundle.turn('And today?');
  expect(turn.answer).toBe('https://api.weather.example/now?city=Oslo Bearer k');
  expect(bundle.platform.kv.get('bundle:asked')?.value).toBe(1);
});

test('plotter', async () => {
  await using bundle = await open('plotter');
  expect(await bundle.operation('languages')).toEqual([]);
  bundle.platform.exec = ({ files: [file] }) => ({
    stdout: Buffer.from(file?.bytes ?? []).toString(),
    files: [{ path: 'twice.txt', bytes: Buffer.from('1,2,31,2,3') }],
  });
  const turn = await bundle.turn('go');
  expect([turn.answer, turn.steps.map(({ data }) => data)]).toEqual(['1,2,3', [{ text: '1,2,3' }]]);
  expect(turn.files).toMatchObject([{ filename: 'twice.txt', text: '1,2,31,2,3' }]);
  expect(await bundle.operation('languages')).toEqual(['python', 'javascript', 'shell']);
});

test('board', async () => {
  await using bundle = await open('board');
  expect(await bundle.operation('add', { text: 'Milk' })).toEqual({ cards: 1 });
  expect(await bundle.tool('add', { text: 'Bread' })).toEqual({ cards: 2 });
  expect(bundle.platform.jobs.map(({ name, idempotencyKey }) => [name, idempotencyKey])).toEqual([
    ['count', 'card-1'],
    ['count', 'card-2'],
  ]);
  await bundle.job('count', { board: 'main' });
  await bundle.schedule('tidy', { tick: '2026-01-01T02:00:00Z' });
  expect(bundle.platform.kv.get('bundle:counted:main')?.value).toBe(1);
  expect(bundle.platform.kv.get('bundle:tidied')?.value).toBe('2026-01-01T02:00:00Z');
});

test('site', async () => {
  await using bundle = await open('site');
  expect((await bundle.fetch('/notes', { method: 'PUT', body: 'note' })).status).toBe(204);
  expect(Buffer.from(bundle.platform.storage.get('bundle:notes.txt')?.bytes ?? []).toString()).toBe('note');
  expect(await (await bundle.fetch('/')).text()).toBe('data: 1\n\ndata: 2\n\ndata: 3\n\n');
});

test('tools', async () => {
  await using bundle = await open('tools');
  bundle.platform.documents.push({ title: 'Lanes', path: 'a.md', text: 'A lane.', score: 1 });
  expect(await bundle.tool('search', { query: 'lane' })).toEqual(['Lanes']);
});

test('scribe', async () => {
  await using bundle = await open('scribe');
  expect((await bundle.turn('Milk')).result).toEqual({ final_answer: 'There is no board for you here.' });
  const added: unknown[] = [];
  const run = (input: unknown, userId: string) => added.push([input, userId]);
  bundle.platform.operations.push({ bundle_id: 'workboard', name: 'add', run });
  expect((await bundle.turn('Milk')).result).toMatchObject({ final_answer: '**Milk** is on the board.' });
  expect(added).toEqual([[{ title: 'Milk' }, 'ada']]);
});

test('report', async () => {
  await using bundle = await open('report');
  const turn = await bundle.turn('go');
  expect(turn.files.map(({ filename, bytes }) => [filename, bytes.length])).toEqual([
    ['small.csv', 8],
    ['large.bin', 1024],
  ]);
  expect(bundle.manifest).toMatchObject({ recovery: 'retryIfSilent', limits: { instances: 2 } });
});
