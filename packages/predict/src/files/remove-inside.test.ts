import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeInside } from './remove-inside.ts';

let root = '';
let outside = '';
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'switchyard-inside-'));
  outside = await mkdtemp(path.join(tmpdir(), 'switchyard-outside-'));
  await writeFile(path.join(outside, 'kept.txt'), '');
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
  await rm(outside, { recursive: true, force: true });
});

test('a file goes with the folders that it leaves empty, never with others', async () => {
  await mkdir(path.join(root, 'a/b'), { recursive: true });
  for (const name of ['a/b/one.txt', 'a/two.txt']) await writeFile(path.join(root, name), '');
  await removeInside(root, path.join(root, 'a/b/one.txt'));
  expect(await readdir(root, { recursive: true })).toEqual(['a', 'a/two.txt']);
  await removeInside(root, path.join(root, 'a/two.txt'));
  await removeInside(root, path.join(root, 'a/two.txt'));
  expect(await readdir(root)).toEqual([]);
});

test('nothing outside is removed, whatever the way looks like', async () => {
  await symlink(outside, path.join(root, 'link'));
  await removeInside(root, path.join(root, 'link/kept.txt'));
  await removeInside(root, path.join(outside, 'kept.txt'));
  await removeInside(root, root);
  expect(await readdir(outside)).toEqual(['kept.txt']);
  expect(await readdir(root)).toEqual(['link']);
});
