import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile, chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openSealedSecrets } from './sealed-secrets.ts';
import type { World } from './world.ts';

const DOCUMENT = { bundles: { weather: { API_KEY: 'swordfish' } }, platform: {} };

const setUp = async () => {
  const dir = await mkdtemp(join(tmpdir(), 'switchyard-sealed-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  await writeFile(join(dir, 'key'), 'a passphrase\n');
  await writeFile(join(dir, 'wrong'), 'another');
  const open = (options: Record<string, string>, env: Record<string, string> = {}) => {
    const world = { cwd: dir, env, stdin: { isTTY: false } } as unknown as World;
    return openSealedSecrets('sealed', { world, options, random: randomBytes });
  };
  return { dir, open };
};

test('a file that is not there is empty; what is written is read with the same passphrase alone', async () => {
  const { dir, open } = await setUp();
  expect(await open({ keyFile: 'key' }).read()).toEqual({ bundles: {}, platform: {} });
  await open({ keyFile: 'key' }).write(DOCUMENT);
  expect(await readFile(join(dir, 'sealed'), 'utf8')).not.toMatch(/swordfish|weather|API_KEY/);
  expect((await stat(join(dir, 'sealed'))).mode & 0o777).toBe(0o600);
  expect(await open({}, { SWITCHYARD_SEALED_KEY_FILE: 'key' }).read()).toEqual(DOCUMENT);
  expect(await open({}, { SWITCHYARD_SEALED_KEY: 'a passphrase' }).read()).toEqual(DOCUMENT);
  await expect(open({ keyFile: 'wrong' }).read()).rejects.toThrow('does not open');
  await expect(open({}).read()).rejects.toThrow('name a file with --key-file');
});

test('a file that others may read stays so', async () => {
  const { dir, open } = await setUp();
  await open({ keyFile: 'key' }).write(DOCUMENT);
  await chmod(join(dir, 'sealed'), 0o644);
  await open({ keyFile: 'key' }).write(DOCUMENT);
  expect((await stat(join(dir, 'sealed'))).mode & 0o777).toBe(0o644);
}, 60_000);
