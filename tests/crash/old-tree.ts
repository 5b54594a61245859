import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface OldTree {
  readonly root: string;
  /** What it is made from, for the reader of the output. */
  readonly source: string;
}

const git = (root: string, ...args: string[]): string =>
  execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();

/** The newest commit whose heart is another than the one of the working tree; undefined where history does not reach so far. */
export const findBaseline = (root: string, asked: string | undefined): string | undefined => {
  try {
    if (asked !== undefined) return git(root, 'rev-parse', '--verify', `${asked}^{commit}`);
    if (git(root, 'status', '--porcelain', '--', 'packages/turns/src') !== '')
      return git(root, 'rev-parse', 'HEAD');
    const changed = git(root, 'rev-list', '-1', 'HEAD', '--', 'packages/turns/src');
    // A clone without history believes that its only commit made everything.
    return changed === '' ? undefined : git(root, 'rev-parse', '--verify', `${changed}^`);
  } catch (error) {
    if (asked !== undefined) throw error;
    return undefined;
  }
};

const PARTS = ['packages', 'services', 'bundles', 'package.json'] as const;
/** Where a worker's version stands, newest place first: an old tree may be older than the last move. */
const VERSION_FILES = ['serve-endpoints.ts', 'compose.ts'].map((name) =>
  join('services', 'chat-proc', 'src', name),
);
export const OLD_VERSION = '0.0.0-old';

/**
 * The platform as it was at the baseline, beside this one: sources of its own, third-party packages of this one. Its workers call
 * themselves OLD_VERSION. Without a baseline it is a copy of this tree: that shows that two of one kind go together, no more.
 */
export const buildOldTree = async (
  root: string,
  into: string,
  asked: string | undefined,
): Promise<OldTree> => {
  const baseline = findBaseline(root, asked);
  await mkdir(into, { recursive: true });
  if (baseline === undefined) await copySources(root, into);
  else {
    const archive = execFileSync('git', ['archive', '--format=tar', baseline, ...PARTS], {
      cwd: root,
      maxBuffer: 2 ** 30,
    });
    execFileSync('tar', ['-x', '-C', into], { input: archive });
  }
  await linkPackages(root, into);
  await markAsOld(into);
  const source =
    baseline === undefined
      ? 'a copy of this tree: there is no history here, so this shows less than it could'
      : git(root, 'log', '-1', '--format=%h %s', baseline);
  return { root: into, source };
};

const markAsOld = async (into: string): Promise<void> => {
  for (const name of VERSION_FILES) {
    const file = join(into, name);
    const code = existsSync(file) ? await readFile(file, 'utf8') : '';
    const marked = code.replace(/const (\w*VERSION) = '[^']*'/, `const $1 = '${OLD_VERSION}'`);
    if (marked !== code) return writeFile(file, marked);
  }
  throw new Error('the old tree does not say which version it is');
};

const copySources = async (root: string, into: string): Promise<void> => {
  for (const part of PARTS) {
    await cp(join(root, part), join(into, part), {
      recursive: true,
      filter: (file) => !/\/(node_modules|dist|\.cache|\.data)(\/|$)/.test(file.slice(root.length)),
    });
  }
};

/** Everything of others is linked; what is ours leads to the old tree. */
const linkPackages = async (root: string, into: string): Promise<void> => {
  const modules = join(into, 'node_modules');
  await mkdir(join(modules, '@switchyard'), { recursive: true });
  for (const name of await readdir(join(root, 'node_modules')))
    if (name !== '@switchyard') await symlink(join(root, 'node_modules', name), join(modules, name));
  for (const floor of ['packages', 'services', 'bundles']) {
    for (const room of await readdir(join(into, floor))) {
      const manifest = join(into, floor, room, 'package.json');
      if (!existsSync(manifest)) continue;
      const { name } = JSON.parse(await readFile(manifest, 'utf8')) as { name: string };
      await symlink(join(into, floor, room), join(modules, name));
      const nested = join(root, floor, room, 'node_modules');
      if (existsSync(nested)) await symlink(nested, join(into, floor, room, 'node_modules'));
    }
  }
};
