import { chmod, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isDataFolder, openDataFolder, removeDataFolder } from './data-folder.ts';
import { canReach } from './database-user.ts';

const folderTest = test.extend<{ dir: string }>({
  dir: async ({ task: _task }, use) => {
    const dir = await mkdtemp(join(tmpdir(), 'switchyard-data-'));
    await use(dir);
    await rm(dir, { recursive: true, force: true });
  },
});

folderTest('credentials are made once, for the owner alone', async ({ dir }) => {
  const root = join(dir, 'data');
  const first = await openDataFolder(root);
  expect((await openDataFolder(root)).credentials).toEqual(first.credentials);
  expect((await stat(join(root, 'credentials.json'))).mode & 0o777).toBe(0o600);
  expect((await stat(first.logs)).mode & 0o777).toBe(0o700);
  expect(Buffer.from(first.credentials.masterKey, 'base64')).toHaveLength(32);
});

folderTest('a folder of an earlier release gets what it lacks and keeps what it has', async ({ dir }) => {
  const root = join(dir, 'data');
  const { credentials } = await openDataFolder(root);
  const { execToken: _lacked, ...kept } = credentials;
  await writeFile(join(root, 'credentials.json'), JSON.stringify(kept), { mode: 0o600 });
  const opened = (await openDataFolder(root)).credentials;
  expect(opened).toMatchObject(kept);
  expect(opened.execToken).toMatch(/^[0-9a-f]{64}$/);
  expect((await openDataFolder(root)).credentials).toEqual(opened);
  expect((await stat(join(root, 'credentials.json'))).mode & 0o777).toBe(0o600);
});

folderTest('a reset removes what the stack made and nothing else', async ({ dir }) => {
  const { postgres } = await openDataFolder(dir);
  await writeFile(join(dir, 'mine.txt'), 'kept');
  expect(isDataFolder(dir)).toBe(true);
  await removeDataFolder(dir);
  expect(await readdir(dir)).toEqual(['mine.txt']);
  expect(await readFile(join(dir, 'mine.txt'), 'utf8')).toBe('kept');
  await expect(stat(postgres)).rejects.toThrow('ENOENT');
});

folderTest('reachable means that every folder above lets the account through', async ({ dir }) => {
  const stranger = { uid: 54_321, gid: 54_321 };
  const inside = join(dir, 'a', 'b');
  await chmod(dir, 0o755);
  expect(canReach(inside, stranger)).toBe(true);
  await chmod(dir, 0o711);
  expect(canReach(inside, stranger)).toBe(true);
  await chmod(dir, 0o700);
  expect(canReach(inside, stranger)).toBe(false);
  const { uid, gid } = await stat(dir);
  expect(canReach(inside, { uid, gid })).toBe(true);
});
