import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { hashSources } from './hash-sources.ts';

interface BundleManifestFile {
  scripts?: Record<string, string>;
  /** Files and folders of the repository that the build reads beside the bundle's own. */
  switchyard?: { buildInputs?: readonly string[] };
}

const readManifest = async (folder: string): Promise<BundleManifestFile> =>
  JSON.parse(await readFile(join(folder, 'package.json'), 'utf8').catch(() => '{}')) as BundleManifestFile;

/**
 * Runs `npm run build` in every shipped bundle that has such a script, when its sources changed since the last time. A build writes to
 * `dist`, from where the registry takes it as it takes every other file.
 */
export const buildBundles = async (root: string, done: (result: string) => void): Promise<void> => {
  const folders = await readdir(join(root, 'bundles'));
  const built: string[] = [];
  for (const name of folders.toSorted()) {
    const folder = join(root, 'bundles', name);
    const { scripts, switchyard } = await readManifest(folder);
    if (scripts?.['build'] === undefined) continue;
    const stamp = join(root, '.cache', `bundle-${name}.hash`);
    const hash = await hashSources(root, [
      join('bundles', name),
      'package-lock.json',
      ...(switchyard?.buildInputs ?? []),
    ]);
    const isBuilt = existsSync(join(folder, 'dist')) && existsSync(stamp);
    if (isBuilt && (await readFile(stamp, 'utf8')) === hash) continue;
    try {
      await promisify(execFile)('npm', ['run', 'build'], { cwd: folder });
    } catch (error) {
      const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
      throw new Error(`the bundle ${name} could not be built:\n${output.trim()}`, { cause: error });
    }
    await mkdir(join(root, '.cache'), { recursive: true });
    await writeFile(stamp, hash);
    built.push(name);
  }
  done(built.length === 0 ? 'are built' : `${built.join(', ')} built`);
};
