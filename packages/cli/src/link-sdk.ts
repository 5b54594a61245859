import { existsSync } from 'node:fs';
import { lstat, mkdir, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Makes the SDK and the types of Node findable from a bundle's folder, for the editor, the type check and the tests: links below its
 * `node_modules`, which never travel with the bundle. Where a folder above has them (the repository, a workspace) nothing is written. A
 * link to another place, of a checkout that was moved, is made anew.
 */
export async function linkSdk(folder: string): Promise<void> {
  for (const [name, target] of packages()) {
    if (isFound(folder, name)) continue;
    const link = path.join(folder, 'node_modules', name);
    const former = await lstat(link).catch(() => undefined);
    if (former?.isSymbolicLink() === true) await rm(link);
    await mkdir(path.dirname(link), { recursive: true });
    await symlink(target, link, 'dir');
  }
}

function packages(): readonly (readonly [name: string, folder: string])[] {
  const sdk = fileURLToPath(import.meta.resolve('@switchyard/bundle-sdk'));
  const types = createRequire(import.meta.url).resolve('@types/node/package.json');
  return [
    ['@switchyard/bundle-sdk', path.dirname(path.dirname(sdk))],
    ['@types/node', path.dirname(types)],
  ];
}

/** As Node and TypeScript look: in `node_modules` of the folder and of every folder above it. */
function isFound(folder: string, name: string): boolean {
  for (let at = folder; ; at = path.dirname(at)) {
    if (existsSync(path.join(at, 'node_modules', name, 'package.json'))) return true;
    if (path.dirname(at) === at) return false;
  }
}
