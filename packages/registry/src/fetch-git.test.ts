import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test as base, vi } from 'vitest';
import { fetchGit } from './fetch-git.ts';

const LIMITS = { hosts: ['example.com'], timeoutMs: 60_000, maxFetchBytes: 10_000_000 };

interface Repository {
  root: string;
  url: string;
  first: string;
  /** One more commit, with this file. */
  add(file: string, content: Buffer): Promise<void>;
}

const test = base.extend<{ repository: Repository }>({
  repository: async ({ task: _task }, use) => {
    const root = await mkdtemp(path.join(tmpdir(), 'switchyard-git-'));
    const dir = path.join(root, 'repo');
    const git = (...args: string[]) =>
      execFileSync(
        'git',
        ['-c', 'user.name=a', '-c', 'user.email=a@b', '-c', 'init.defaultBranch=main', ...args],
        {
          cwd: dir,
          encoding: 'utf8',
        },
      ).trim();
    await mkdir(path.join(dir, 'bundles/hello'), { recursive: true });
    git('init', '--quiet');
    git('config', 'uploadpack.allowAnySHA1InWant', 'true');
    await writeFile(path.join(dir, 'bundles/hello/bundle.ts'), 'first');
    git('add', '.');
    git('commit', '--quiet', '-m', 'first');
    const first = git('rev-parse', 'HEAD');
    await writeFile(path.join(dir, 'bundles/hello/bundle.ts'), 'second');
    git('commit', '--quiet', '-am', 'second');
    const add = async (file: string, content: Buffer): Promise<void> => {
      await mkdir(path.dirname(path.join(dir, file)), { recursive: true });
      await writeFile(path.join(dir, file), content);
      git('add', '.');
      git('commit', '--quiet', '-m', file);
    };
    await use({ root, url: pathToFileURL(dir).href, first, add });
    await rm(root, { recursive: true, force: true });
  },
});
const ANY = { ...LIMITS, hosts: ['*'] };

test('a branch and a commit are brought, without what git keeps', async ({
  repository: { root, url, first },
}) => {
  const main = await fetchGit({ url, ref: 'main', subdir: 'bundles/hello' }, path.join(root, 'a'), ANY, [
    'file',
  ]);
  expect(await readFile(path.join(main, 'bundle.ts'), 'utf8')).toBe('second');
  const old = await fetchGit({ url, ref: first }, path.join(root, 'b'), ANY, ['file']);
  expect(await readdir(old)).toEqual(['bundles']);
  expect(await readFile(path.join(old, 'bundles/hello/bundle.ts'), 'utf8')).toBe('first');
});

test('what is not there is said as git says it', async ({ repository: { root, url } }) => {
  const from = (ref: string, subdir?: string) =>
    fetchGit({ url, ref, subdir }, path.join(root, 'c'), ANY, ['file']);
  await expect(from('no-such-branch')).rejects.toMatchObject({ code: 'UNPROCESSABLE' });
  await rm(path.join(root, 'c'), { recursive: true });
  await expect(from('main', 'nowhere')).rejects.toThrow(/no such folder/);
});

test.each([
  ['file:///etc', 'main', '', /https/],
  ['ext::sh -c touch% /tmp/x', 'main', '', /https/],
  ['https://user:word@example.com/x.git', 'main', '', /password/],
  ['https://elsewhere.org/x.git', 'main', '', /BUNDLE_GIT_HOSTS/],
  ['https://example.com/x.git', '--upload-pack=touch x', '', /no ref/],
  ['https://example.com/x.git', 'a..b', '', /no ref/],
  ['https://example.com/x.git', 'main', '../../etc', /leads out/],
])('%s %s %s is refused', async (url, ref, subdir, reason) => {
  await expect(fetchGit({ url, ref, subdir }, '/nonexistent/dir', LIMITS)).rejects.toThrow(reason);
});

const UNPACKED = { maxFiles: 10, maxFileBytes: 50_000, maxTotalBytes: 80_000, maxDepth: 20 };

test('what is too large is refused: over the network, unpacked, as a file, and by number', async ({
  repository: { root, url, add },
}) => {
  let folders = 0;
  const from = (limits: object, subdir?: string) =>
    fetchGit(
      { url, ref: 'main', subdir },
      path.join(root, `f${(folders += 1)}`),
      { ...ANY, unpacked: UNPACKED, ...limits },
      ['file'],
    );
  await add('large/noise.bin', randomBytes(400_000));
  // 400 KB of zeros are some hundred bytes on the way.
  await add('bomb/zeros.bin', Buffer.alloc(400_000));
  for (let at = 0; at < 3; at += 1) await add(`sum/${at}.bin`, Buffer.alloc(30_000, String(at)));
  for (let at = 0; at < 11; at += 1) await add(`many/${at}.txt`, Buffer.from(String(at)));
  await expect(from({ maxFetchBytes: 200_000 }, 'bundles/hello')).rejects.toThrow(/more than 200000 bytes/);
  await expect(from({}, 'bomb')).rejects.toThrow(/a file is larger than 50000 bytes/);
  await expect(from({}, 'sum')).rejects.toThrow(/more than 80000 bytes in all/);
  await expect(from({}, 'many')).rejects.toThrow(/more than 10 files/);
  await expect(from({})).rejects.toThrow(/refused/);
  // What is beside the bundle's folder is not unpacked, and counts only on the way.
  const hello = await from({}, 'bundles/hello');
  expect(await readFile(path.join(hello, 'bundle.ts'), 'utf8')).toBe('second');
  expect(await readdir(path.dirname(path.dirname(hello)))).toEqual(['bundles']);
});

test('a server that says nothing is left when the time is over, and no helper of git stays', async ({
  repository: { root },
}) => {
  let isAsked = false;
  const silent = createServer(() => (isAsked = true));
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  const { port } = silent.address() as AddressInfo;
  const address = `http://127.0.0.1:${port}/x.git`;
  const helpers = async (): Promise<string[]> => {
    const pids = (await readdir('/proc')).filter((name) => /^\d+$/u.test(name));
    const lines = await Promise.all(
      pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')),
    );
    return lines.filter((line) => line.includes(address));
  };
  const limits = { ...ANY, timeoutMs: 5_000 };
  const fetching = fetchGit({ url: address, ref: 'main' }, path.join(root, 'silent'), limits, ['http']);
  await expect(fetching).rejects.toThrow(/took too long/);
  expect(isAsked).toBe(true);
  await vi.waitFor(async () => expect(await helpers()).toEqual([]), { timeout: 10_000 });
  silent.closeAllConnections();
  silent.close();
});
