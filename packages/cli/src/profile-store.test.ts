import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test as base } from 'vitest';
import { profilePath, readProfiles, writeProfiles } from './profile-store.ts';

const test = base.extend<{ file: string }>({
  file: async ({ task: _task }, use) => {
    const home = await mkdtemp(path.join(tmpdir(), 'switchyard-profiles-'));
    await use(profilePath({ HOME: home }));
    await rm(home, { recursive: true, force: true });
  },
});

const PROFILES = { v: 1, current: 'a', profiles: { a: { url: 'http://a', token: 't' } } } as const;

test('profiles are readable by their owner alone, also over a file that was not', async ({ file }) => {
  expect(await readProfiles(file)).toEqual({ v: 1, current: 'default', profiles: {} });
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, '{}');
  await chmod(file, 0o644);
  await writeProfiles(file, PROFILES);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await readProfiles(file)).toEqual(PROFILES);
  expect(await readdir(path.dirname(file))).toEqual(['profiles.json']);
});

test.each(['nonsense', '{"v":2}'])('a file with %s is named', async (text) => {
  const home = await mkdtemp(path.join(tmpdir(), 'switchyard-profiles-'));
  const file = path.join(home, 'profiles.json');
  await writeFile(file, text);
  await expect(readProfiles(file)).rejects.toThrow(`${file} is not a file of profiles`);
  await rm(home, { recursive: true });
});

test('the folder is where the desktop standard says', () => {
  expect(profilePath({ HOME: '/h' })).toBe('/h/.config/switchyard/profiles.json');
  expect(profilePath({ HOME: '/h', XDG_CONFIG_HOME: '/x' })).toBe('/x/switchyard/profiles.json');
  expect(profilePath({ HOME: '/h', XDG_CONFIG_HOME: 'x' })).toBe('/h/.config/switchyard/profiles.json');
});
