import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test as base } from 'vitest';
import { makeTar, makeZip } from '../../test/make-archive.ts';
import type { MadeEntry } from '../../test/make-archive.ts';
import { DEFAULT_SOURCE_LIMITS } from '../source-files.ts';
import type { SourceLimits } from '../source-files.ts';
import type { ArchiveRules } from './check-entries.ts';
import { unpackArchive } from './unpack-archive.ts';

type Unpack = (
  archive: Buffer,
  limits?: Partial<SourceLimits>,
  rules?: Partial<ArchiveRules>,
) => Promise<Record<string, string>>;
const test = base.extend<{ unpack: Unpack }>({
  unpack: async ({ task: _task }, use) => {
    const root = await mkdtemp(path.join(tmpdir(), 'switchyard-archive-'));
    await use(async (archive, limits = {}, rules = {}) => {
      const file = path.join(root, 'archive');
      const target = path.join(root, 'target');
      await writeFile(file, archive);
      try {
        await unpackArchive(file, target, {
          limits: { ...DEFAULT_SOURCE_LIMITS, ...limits },
          isFolderKept: false,
          ...rules,
        });
      } catch (error) {
        // Refused as a whole: nothing may lie there or beside it.
        expect((await readdir(root)).filter((name) => name !== 'archive')).toEqual([]);
        throw error;
      }
      const names = await readdir(target, { recursive: true, withFileTypes: true });
      const files = names
        .filter((entry) => entry.isFile())
        .map((entry) => path.join(entry.parentPath, entry.name));
      const texts = files.map(
        async (name) => [path.relative(target, name), await readFile(name, 'utf8')] as const,
      );
      return Object.fromEntries(await Promise.all(texts));
    });
    await rm(root, { recursive: true, force: true });
  },
});

const FILES: MadeEntry[] = [
  { path: 'bundle.ts', content: 'export default 1;' },
  { path: 'widgets/', type: 'directory' },
  { path: 'widgets/ä board.html', content: '<p>' },
];
const UNPACKED = { 'bundle.ts': 'export default 1;', 'widgets/ä board.html': '<p>' };
const below = (folder: string): MadeEntry[] =>
  FILES.map((entry) => ({ ...entry, path: `${folder}/${entry.path}` }));

test('zip, tar and tar.gz give their files, with or without a folder around them', async ({ unpack }) => {
  expect(await unpack(await makeTar(FILES))).toEqual(UNPACKED);
});
test('a plain tar', async ({ unpack }) => {
  expect(await unpack(await makeTar(FILES, { gzip: false }))).toEqual(UNPACKED);
});
test('a zip', async ({ unpack }) => {
  expect(await unpack(makeZip(FILES))).toEqual(UNPACKED);
});
test('a zip of a folder', async ({ unpack }) => {
  expect(await unpack(makeZip(below('board-1.0')))).toEqual(UNPACKED);
});
test('a tar of a folder', async ({ unpack }) => {
  expect(await unpack(await makeTar(below('./board')))).toEqual(UNPACKED);
});

test('as it is: with its folder, and without what is left out', async ({ unpack }) => {
  const archive = makeZip([...below('site'), { path: 'site/.env', content: 'SECRET=1' }]);
  const isLeftOut = (target: string) => target.endsWith('.env');
  expect(await unpack(archive, {}, { isFolderKept: true, isLeftOut })).toEqual(
    Object.fromEntries(Object.entries(UNPACKED).map(([name, text]) => [`site/${name}`, text])),
  );
});

const good = FILES[0] as MadeEntry;
const BAD: [what: string, entry: MadeEntry, reason: RegExp][] = [
  ['a path out of the archive', { path: '../../evil.ts', content: 'x' }, /leads out|relative path/],
  ['a path out of it in the middle', { path: 'a/../../evil.ts', content: 'x' }, /leads out|relative path/],
  ['an absolute path', { path: '/etc/cron.d/evil', content: 'x' }, /absolute/],
  ['a drive', { path: 'C:/evil.ts', content: 'x' }, /absolute/],
  ['a backslash', { path: '..\\evil.ts', content: 'x' }, /not allowed|invalid characters/],
  ['a link', { path: 'passwd', type: 'symlink', linkname: '/etc/passwd' }, /links are not allowed/],
  ['a device', { path: 'null', type: 'character-device' }, /only plain files/],
  ['names that clash elsewhere', { path: 'BUNDLE.ts', content: 'x' }, /clashes with bundle\.ts/],
  ['a name twice', { path: './bundle.ts', content: 'x' }, /clashes|relative path/],
  ['a file below a file', { path: 'bundle.ts/inside', content: 'x' }, /is a file/],
];
for (const [what, entry, reason] of BAD) {
  test(`${what} is refused in a tar`, async ({ unpack }) => {
    await expect(unpack(await makeTar([good, entry]))).rejects.toThrow(reason);
  });
  test(`${what} is refused in a zip`, async ({ unpack }) => {
    await expect(unpack(makeZip([good, entry]))).rejects.toThrow(reason);
  });
}

test('a hard link is refused', async ({ unpack }) => {
  const link: MadeEntry = { path: 'again.ts', type: 'link', linkname: 'bundle.ts' };
  await expect(unpack(await makeTar([good, link]))).rejects.toThrow(/links are not allowed/);
});

test('numbers and sizes are bounded', async ({ unpack }) => {
  const many = Array.from({ length: 11 }, (_, at) => ({ path: `f${at}`, content: 'x' }));
  await expect(unpack(await makeTar(many), { maxFiles: 10 })).rejects.toThrow(/more than 10 files/);
  await expect(unpack(makeZip(many), { maxFiles: 5 })).rejects.toThrow(/more than 10 entries/);
  await expect(unpack(makeZip(FILES), { maxFileBytes: 10 })).rejects.toThrow(/larger than 10 bytes/);
  await expect(unpack(makeZip(FILES), { maxTotalBytes: 18 })).rejects.toThrow(/more than 18 bytes/);
});

test('what was made to unpack is refused before it fills anything', async ({ unpack }) => {
  const zeros = { path: 'zeros', content: Buffer.alloc(8 * 1024 * 1024) };
  const bomb = await makeTar([zeros]);
  expect(bomb.length).toBeLessThan(20_000);
  await expect(unpack(bomb)).rejects.toThrow(/more than 100 times/);
  await expect(unpack(bomb, { maxTotalBytes: 1024 * 1024, maxFiles: 10 })).rejects.toThrow(
    /unpacks to more|bytes in all/,
  );
});

test('what is no archive, or only a part of one, is refused', async ({ unpack }) => {
  await expect(unpack(Buffer.from('hello'))).rejects.toThrow(/no archive/);
  const whole = await makeTar(FILES);
  await expect(unpack(whole.subarray(0, whole.length / 2))).rejects.toThrow(/cannot be read/);
  const zip = makeZip(FILES);
  await expect(unpack(zip.subarray(0, zip.length - 30))).rejects.toThrow(/cannot be read/);
});
