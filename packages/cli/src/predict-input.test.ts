import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPredictInput, toPredictInput } from './predict-input.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'switchyard-input-'));
  await writeFile(path.join(folder, 'essay.txt'), 'to be');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const file = { type: 'string', format: 'uri' };
const document = (properties: object) => ({ components: { schemas: { Input: { properties } } } });
const given = (...pairs: string[]) => readPredictInput(pairs, folder);

test('a file goes to a field for files as what it is, to any other as the text in it', async () => {
  const input = await given('page=@essay.txt', 'maybe=@essay.txt', 'text=@essay.txt', 'times=2');
  const schema = { page: file, maybe: { anyOf: [file], nullable: true }, text: { type: 'string' } };
  expect(toPredictInput(input, document(schema))).toEqual({
    page: 'data:text/plain;base64,dG8gYmU=',
    maybe: 'data:text/plain;base64,dG8gYmU=',
    text: 'to be',
    times: 2,
  });
});

test('what is written with := is the text itself, whatever it begins with', async () => {
  expect(toPredictInput(await given('to:=@essay.txt', 'code:=007'), {})).toEqual({
    to: '@essay.txt',
    code: '007',
  });
});

test('a file that is not there is named', async () => {
  await expect(given('page=@nothing.png')).rejects.toThrow(`There is no file ${folder}/nothing.png.`);
});
