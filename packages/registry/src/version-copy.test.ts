import { chmod, mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFileBundleStore } from './file-bundle-store.ts';
import { cleanRef, versionIdOf } from './version-id.ts';
import { copyVersion } from './version-copy.ts';
import { decideEntry, readPackageHints } from './entry-file.ts';
import { listSourceFiles } from './source-files.ts';

let root = '';
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'switchyard-registry-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function write(files: Record<string, string>, dir = 'hello'): Promise<string> {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(root, dir, name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return path.join(root, dir);
}

const storeDir = () => path.join(root, 'store');
const copy = (sourceDir: string, token = 't1', extra: { id?: string; ref?: string } = {}) =>
  copyVersion({
    sourceDir,
    bundleStore: createFileBundleStore({ dir: storeDir(), token }),
    ref: 'folder',
    ...extra,
  });

test('copies what the author wrote and nothing else', async () => {
  const source = await write({
    'bundle.ts': 'export {}',
    'assets/a.txt': 'a',
    'node_modules/x/index.js': 'x',
    '.env': 'KEY=1',
    '.git/config': '',
  });
  const version = await copy(source);
  expect(version).toMatchObject({
    bundleId: 'hello',
    entry: 'bundle.ts',
    versionId: `hello__folder__${version.sha.slice(0, 16)}`,
  });
  const dir = path.join(storeDir(), version.versionId);
  expect((await readdir(dir)).toSorted()).toEqual(['assets', 'bundle.ts']);
  expect(await readFile(path.join(dir, 'assets/a.txt'), 'utf8')).toBe('a');
  expect(await readdir(path.join(root, 'store'))).toEqual([version.versionId]);
});

test('the same content gives the same version, another byte or name another one', async () => {
  const source = await write({ 'index.ts': 'export {}', 'b.txt': 'b' });
  const [one, two] = await Promise.all([copy(source, 't1'), copy(source, 't2')]);
  expect(two).toEqual(one);
  await write({ 'b.txt': 'c' });
  expect((await copy(source)).sha).not.toBe(one.sha);
  const clone = await write({ 'index.ts': 'export {}', 'b.txt': 'b' }, 'clone');
  expect((await copy(clone, 't3', { id: 'hello' })).versionId).toBe(one.versionId);
  const moved = await write({ 'index.ts': 'export {}', 'c.txt': 'b' }, 'moved');
  expect((await copy(moved, 't4', { id: 'hello' })).sha).not.toBe(one.sha);
});

test('refuses links, empty folders, clashing names, too much', async () => {
  const source = await write({ 'index.ts': '' });
  await symlink('/etc/passwd', path.join(source, 'passwd'));
  await expect(copy(source)).rejects.toMatchObject({ code: 'UNPROCESSABLE', details: { path: 'passwd' } });
  expect(await readdir(path.join(root, 'store')).catch(() => [])).toEqual([]);

  await mkdir(path.join(root, 'empty'));
  await expect(copy(path.join(root, 'empty'))).rejects.toMatchObject({ code: 'UNPROCESSABLE' });
  await expect(copy(path.join(root, 'missing'))).rejects.toMatchObject({ code: 'UNPROCESSABLE' });
  await expect(
    copy(await write({ 'index.ts': '', 'Readme.md': '', 'README.md': '' }, 'clash')),
  ).rejects.toThrow(/clashes/u);

  const limits = { maxFiles: 2, maxFileBytes: 4, maxTotalBytes: 6, maxDepth: 1 };
  await expect(listSourceFiles(await write({ a: '1', b: '1', c: '1' }, 'many'), limits)).rejects.toThrow(
    /more than 2 files/u,
  );
  await expect(listSourceFiles(await write({ a: '12345' }, 'large'), limits)).rejects.toThrow(
    /larger than 4/u,
  );
  await expect(listSourceFiles(await write({ a: '1234', b: '1234' }, 'sum'), limits)).rejects.toThrow(
    /more than 6 bytes/u,
  );
  await expect(listSourceFiles(await write({ 'x/y/a': '1' }, 'deep'), limits)).rejects.toThrow(/nested/u);
});

test('leaves nothing behind when copying fails', async () => {
  const source = await write({ 'index.ts': '', 'package.json': '{' });
  await expect(copy(source)).rejects.toThrow(/package.json/u);
  await write({ 'package.json': '{"main": "gone.ts"}' });
  await expect(copy(source)).rejects.toThrow(/gone\.ts/u);
  await chmod(source, 0o755);
  await expect(copy(source, 't', { id: '../evil' })).rejects.toMatchObject({ code: 'UNPROCESSABLE' });
  expect(await readdir(path.join(root, 'store')).catch(() => [])).toEqual([]);
});

test('the entry is what package.json names, else a usual name', () => {
  const files = ['a.ts', 'index.ts', 'src/bundle.ts'].map((name) => ({ path: name, size: 1 }));
  expect(decideEntry(files, {})).toBe('index.ts');
  expect(decideEntry(files, readPackageHints('{"main": "./a.ts"}'))).toBe('a.ts');
  expect(
    decideEntry(
      files,
      readPackageHints('{"main": "index.ts", "switchyard": {"entry": "src/bundle.ts", "id": "x"}}'),
    ),
  ).toBe('src/bundle.ts');
  expect(() => decideEntry([{ path: 'x.md', size: 1 }], {})).toThrow(/no entry file/u);
});

test('a version id is a safe file name', () => {
  expect(versionIdOf('hello', 'feature/New thing', 'ab'.repeat(32))).toBe(
    'hello__feature-New-thing__abababababababab',
  );
  expect(cleanRef('../..')).toBe('none');
  expect(() => versionIdOf('a/b', 'x', 'ab')).toThrow();
});
