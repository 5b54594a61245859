import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test as base } from 'vitest';
import { fetchGit } from './fetch-git.ts';

const LIMITS = { hosts: ['example.com'], timeoutMs: 20_000 };

const test = base.extend<{ repository: { root: string; url: string; first: string } }>({
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
    await use({ root, url: pathToFileURL(dir).href, first });
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
