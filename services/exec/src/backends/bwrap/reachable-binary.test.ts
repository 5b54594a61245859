import { chmod, copyFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { reachableBinary } from './reachable-binary.ts';

test('a program that others may run is its own; one in a closed folder is copied once, for all', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'switchyard-closed-'));
  const own = join(dir, 'tool');
  await copyFile('/bin/true', own);
  await chmod(dir, 0o755);
  expect(await reachableBinary(own)).toBe(own);
  await chmod(dir, 0o700);
  const copy = await reachableBinary(own);
  onTestFinished(async () => {
    await rm(dir, { recursive: true });
    await rm(dirname(copy), { recursive: true });
  });
  expect(copy).not.toBe(own);
  expect(await readFile(copy)).toEqual(await readFile(own));
  const { mode, mtimeMs } = await stat(copy);
  expect(mode & 0o777).toBe(0o755);
  expect(await reachableBinary(own)).toBe(copy);
  expect((await stat(copy)).mtimeMs).toBe(mtimeMs);
  await chmod(dirname(copy), 0o777);
  await expect(reachableBinary(own)).rejects.toThrow('not this service');
});
