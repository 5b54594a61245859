import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { describeBundleStore } from '../test/bundle-store-contract.ts';
import { createFileBundleStore } from './file-bundle-store.ts';

async function openFolder() {
  const dir = await mkdtemp(path.join(tmpdir(), 'switchyard-store-'));
  let count = 0;
  return {
    dir,
    join: () => createFileBundleStore({ dir, token: `p${(count += 1)}` }),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

describeBundleStore('a folder', openFolder);

test('a marker that nobody renews counts for nothing after five minutes; one that cannot be read keeps everything', async () => {
  await using folder = await openFolder();
  const [dead, alive] = [folder.join(), folder.join()];
  await dead.markUses(['a__folder__1']);
  const markers = path.join(folder.dir, '.in-use');
  const [marker = ''] = await readdir(markers);
  const then = new Date(Date.now() - 6 * 60_000);
  await utimes(path.join(markers, marker), then, then);
  expect((await alive.readUses([])).size).toBe(0);
  await writeFile(path.join(markers, 'p9.json'), '{');
  await expect(alive.readUses([])).rejects.toThrow();
});
