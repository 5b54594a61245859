import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { execFile } from 'node:child_process';
import { hashSources } from './hash-sources.ts';

/** What the built page depends on. */
const SOURCES = ['services/web-ui', 'packages/client/src', 'packages/protocol/src', 'package-lock.json'];

/** Builds the page when its sources changed since the last build. */
export const buildWebUi = async (root: string, done: (result: string) => void): Promise<void> => {
  const stamp = join(root, '.cache', 'web-ui.hash');
  const hash = await hashSources(root, SOURCES);
  const built = join(root, 'services', 'web-ui', 'dist', 'index.html');
  if (existsSync(built) && existsSync(stamp) && (await readFile(stamp, 'utf8')) === hash)
    return done('is built');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  try {
    await promisify(execFile)(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
      cwd: join(root, 'services', 'web-ui'),
    });
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error);
    throw new Error(`the page could not be built:\n${output.trim()}`, { cause: error });
  }
  await mkdir(join(root, '.cache'), { recursive: true });
  await writeFile(stamp, hash);
  done('was built');
};
