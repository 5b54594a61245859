import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { expect, test } from 'vitest';
import { collectFiles } from './collect-files.ts';

type Entry =
  | [name: string, content: string]
  | [name: string, content: '', type: 'symlink' | 'link' | 'fifo' | 'directory'];

function archive(...entries: Entry[]): Readable {
  const tar = pack();
  for (const [name, content, type = 'file'] of entries) {
    if (type === 'file') tar.entry({ name }, content);
    else tar.entry({ name, type, ...(type.endsWith('link') ? { linkname: '/etc/passwd' } : {}) });
  }
  tar.finalize();
  return Readable.from(tar);
}

const BOUNDS = { maxFiles: 10, maxBytes: 100, maxTarBytes: 1_000_000 };
const names = (files: readonly { path: string }[]): string[] => files.map(({ path }) => path);

test('plain files by their paths; what was given and is the same is no news', async () => {
  const given = [
    { path: 'same', bytes: Buffer.from('same') },
    { path: 'new', bytes: Buffer.from('old') },
    // More than there is room for, but it does not come back.
    { path: 'large', bytes: Buffer.alloc(500, 'x') },
  ];
  const tar = archive(
    ['./', '', 'directory'],
    ['./new', 'new'],
    ['./same', 'same'],
    ['./a/b', ''],
    ['./large', 'x'.repeat(500)],
  );
  const { files, leftOut } = await collectFiles(tar, given, BOUNDS);
  expect(names(files)).toEqual(['a/b', 'new']);
  expect(leftOut).toEqual([]);
});

test.each(['/etc/passwd', '../up', './a/../../up', 'a//b', 'a\\b', '.'])(
  'a file called %s does not come along',
  async (name) => {
    const { files, leftOut } = await collectFiles(archive([name, 'x']), [], BOUNDS);
    expect([files, leftOut]).toEqual([[], [name]]);
  },
);

test('links, pipes, and what is too much are named', async () => {
  const tar = archive(
    ['l', '', 'symlink'],
    ['h', '', 'link'],
    ['p', '', 'fifo'],
    ['big', 'x'.repeat(101)],
    ['one', 'x'],
    ['two', 'x'],
  );
  const { files, leftOut } = await collectFiles(tar, [], { ...BOUNDS, maxFiles: 1 });
  expect([names(files), leftOut]).toEqual([['one'], ['l', 'h', 'p', 'big', 'two']]);
});

test('junk, an end in the middle and endless archives are ends of the list', async () => {
  const half = Buffer.concat(await archive(['a', 'x'], ['b', 'x'.repeat(90)]).toArray()).subarray(0, 1600);
  const { files, leftOut } = await collectFiles(Readable.from([half]), [], BOUNDS);
  expect([names(files), leftOut.length]).toEqual([['a'], 1]);
  for (const tar of [Readable.from([Buffer.alloc(5000, 'junk')]), Readable.from(endless())])
    expect((await collectFiles(tar, [], BOUNDS)).leftOut.at(-1)).toMatch(/could not be read/);
});

function* endless(): Generator<Buffer> {
  for (;;) yield Buffer.alloc(64 * 1024);
}
