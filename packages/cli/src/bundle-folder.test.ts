import { mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test as base } from 'vitest';
import { listBundleFiles, packBundle, readBundleId } from './bundle-folder.ts';

const test = base.extend<{ folder: string }>({
  folder: async ({ task: _task }, use) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'switchyard-folder-'));
    await use(folder);
    await rm(folder, { recursive: true, force: true });
  },
});

const write = async (folder: string, files: Readonly<Record<string, string>>): Promise<void> => {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
    await writeFile(path.join(folder, name), text);
  }
};

test('what is ignored stays at home', async ({ folder }) => {
  await write(folder, {
    'bundle.ts': '',
    'src/answer.ts': '',
    '.env': 'KEY=1',
    'src/.cache/x': '',
    'node_modules/zod/index.js': '',
    'src/node_modules/a.js': '',
    'data/big.csv': '',
    'notes.log': '',
    'kept.log': '',
    '.switchyardignore': 'data/\n*.log\n!kept.log\n',
  });
  expect(await listBundleFiles(folder)).toEqual(['bundle.ts', 'kept.log', 'src/answer.ts']);
});

test('the same files are the same archive, whenever they were written', async ({ folder }) => {
  await write(folder, { 'bundle.ts': 'export {}', 'a/b.txt': 'b' });
  const first = await packBundle(folder);
  // The time of the first entry's header: none.
  expect(gunzipSync(first).toString('latin1', 136, 147)).toBe('00000000000');
  await utimes(path.join(folder, 'bundle.ts'), 1, 1);
  expect((await packBundle(folder)).equals(first)).toBe(true);
  await writeFile(path.join(folder, 'a/b.txt'), 'c');
  expect((await packBundle(folder)).equals(first)).toBe(false);
});

test('a link and an empty folder are refused', async ({ folder }) => {
  await expect(listBundleFiles(folder)).rejects.toThrow('There is no file');
  await symlink('/etc/passwd', path.join(folder, 'words.txt'));
  await expect(listBundleFiles(folder)).rejects.toThrow('words.txt is a link');
});

test('the id is that of package.json, else the name of the folder', async ({ folder }) => {
  expect(await readBundleId(folder)).toBe(path.basename(folder));
  await write(folder, { 'package.json': '{"name":"x","switchyard":{"id":"weather"}}' });
  expect(await readBundleId(folder)).toBe('weather');
  await write(folder, { 'package.json': '{"switchyard":{"id":"../up"}}' });
  await expect(readBundleId(folder)).rejects.toThrow('no name of a bundle');
});
