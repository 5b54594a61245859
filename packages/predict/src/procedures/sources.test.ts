import { mkdir, mkdtemp, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test as base } from 'vitest';
import { makeTar } from '../../test/make-tar.ts';
import type { MadeEntry } from '../../test/make-tar.ts';
import { copyFolder } from './copy-folder.ts';
import { unpackTar } from './unpack-tar.ts';

const BOUNDS = { maxSourceFiles: 20, maxSourceBytes: 1000 };

interface Stand {
  readonly root: string;
  readonly target: string;
  unpack(archive: Buffer, bounds?: Partial<typeof BOUNDS>): Promise<string[]>;
}

const test = base.extend<{ stand: Stand }>({
  stand: async ({ task: _task }, use) => {
    const root = await mkdtemp(path.join(tmpdir(), 'switchyard-sources-'));
    const target = path.join(root, 'target');
    await use({
      root,
      target,
      async unpack(archive, bounds = {}) {
        const file = path.join(root, 'archive');
        await writeFile(file, archive);
        const { signal } = new AbortController();
        try {
          await unpackTar(file, target, { ...BOUNDS, ...bounds }, signal);
        } catch (error) {
          // Nothing of it lies there, and nothing beside it.
          expect(await readdir(root)).toEqual(['archive']);
          throw error;
        }
        return (await readdir(target, { recursive: true })).toSorted();
      },
    });
    await rm(root, { recursive: true, force: true });
  },
});

const PLAIN: MadeEntry = { path: 'predict.py', content: 'x = 1' };

test('plain files and folders are unpacked, packed or not', async ({ stand }) => {
  const entries: MadeEntry[] = [
    { path: 'lib/', type: 'directory' },
    { path: './lib/a.py', content: 'a' },
    PLAIN,
  ];
  expect(await stand.unpack(await makeTar(entries))).toEqual(['lib', 'lib/a.py', 'predict.py']);
  expect(await readFile(path.join(stand.target, 'predict.py'), 'utf8')).toBe('x = 1');
  await rm(stand.target, { recursive: true });
  expect(await stand.unpack(await makeTar(entries, { gzip: false }))).toContain('predict.py');
});

test.for<[string, MadeEntry[], RegExp]>([
  ['a path that leads out', [PLAIN, { path: '../out.py', content: 'x' }], /leads out of it/u],
  ['a path that leads out in its middle', [{ path: 'a/../../out.py', content: 'x' }], /leads out of it/u],
  ['an absolute path', [{ path: '/tmp/switchyard-out.py', content: 'x' }], /absolute/u],
  ['a path with a backslash', [{ path: 'a\\b', content: 'x' }], /not allowed/u],
  ['a symbolic link', [PLAIN, { path: 'l', type: 'symlink', linkname: '/etc' }], /links are not allowed/u],
  ['a hard link', [PLAIN, { path: 'l', type: 'link', linkname: '/etc/passwd' }], /links are not allowed/u],
  ['a device', [{ path: 'd', type: 'character-device' }], /only plain files/u],
  ['a name twice', [PLAIN, PLAIN], /EEXIST/u],
  ['a file where a folder is', [PLAIN, { path: 'predict.py/x', content: 'x' }], /EEXIST|ENOTDIR/u],
  ['no file at all', [{ path: 'a/', type: 'directory' }], /holds no files/u],
  [
    'too many files',
    Array.from({ length: 21 }, (_, at) => ({ path: `f${at}`, content: 'x' })),
    /more than 20 files/u,
  ],
  ['too much', [PLAIN, { path: 'big', content: 'x'.repeat(1000) }], /more than 1000 bytes/u],
])('%s is refused as a whole', async ([, entries, why], { stand }) => {
  await expect(stand.unpack(await makeTar(entries))).rejects.toThrow(why);
});

test('a bomb is stopped where the bound is, whatever its heads say', async ({ stand }) => {
  const bomb = await makeTar([{ path: 'zeros', content: Buffer.alloc(8 * 1024 * 1024) }]);
  expect(bomb.length).toBeLessThan(100_000);
  await expect(stand.unpack(bomb)).rejects.toThrow(/unpacks to more than 1000 bytes/u);
});

test('half of an archive, and what is none, is refused', async ({ stand }) => {
  const whole = await makeTar([PLAIN, { path: 'more.py', content: 'y'.repeat(900) }]);
  await expect(stand.unpack(whole.subarray(0, whole.length / 2))).rejects.toThrow(/no tar archive/u);
  await expect(stand.unpack(Buffer.from('<html>Not found</html>'.repeat(50)))).rejects.toThrow(
    /no tar archive/u,
  );
  await expect(stand.unpack(Buffer.from('x'))).rejects.toThrow(/no tar archive|holds no files/u);
});

test('a link inside a folder is copied as what it leads to, one that leads out is refused', async ({
  stand,
}) => {
  const from = path.join(stand.root, 'from');
  await mkdir(path.join(from, 'lib'), { recursive: true });
  await writeFile(path.join(from, 'lib/a.py'), 'a');
  await symlink('lib/a.py', path.join(from, 'b.py'));
  await copyFolder(from, stand.target, BOUNDS);
  await writeFile(path.join(from, 'lib/a.py'), 'changed');
  expect(await readFile(path.join(stand.target, 'b.py'), 'utf8')).toBe('a');
  await rm(stand.target, { recursive: true });
  await symlink('/etc/hostname', path.join(from, 'out'));
  await expect(copyFolder(from, stand.target, BOUNDS)).rejects.toThrow('a link leads out of it (out)');
  await rm(path.join(from, 'out'));
  await rm(stand.target, { recursive: true });
  await symlink('..', path.join(from, 'lib/up'));
  await expect(copyFolder(from, stand.target, BOUNDS)).rejects.toThrow(/leads/u);
});
