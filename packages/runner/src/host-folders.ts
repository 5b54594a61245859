import { chownSync, mkdirSync, mkdtempSync } from 'node:fs';
import {
  chmod,
  copyFile,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isProcessAlive } from '@switchyard/kernel';
import type { RunnerConfig } from './runner-config.ts';

/** What one host has of the disk. `version` is empty until a bundle is linked into it; only warm hosts use it. */
export interface HostFolders {
  readonly root: string;
  readonly scratch: string;
  readonly version: string;
}

const PREFIX = 'switchyard-hosts-';
const OWNER_FILE = 'owner.pid';

/** One folder for all hosts of this runner. Those of runners that were killed are removed. */
export async function openWorkFolder(
  config: Pick<RunnerConfig, 'workDir' | 'keepFiles' | 'uid'>,
): Promise<{ dir: string; close(): Promise<void> }> {
  const base = config.workDir ?? tmpdir();
  await mkdir(base, { recursive: true });
  if (!config.keepFiles) await removeAbandoned(base);
  const dir = await mkdtemp(join(base, PREFIX));
  // Hosts of another user pass through it to what is theirs, and cannot list it.
  if (config.uid !== undefined) await chmod(dir, 0o711);
  await writeFile(join(dir, OWNER_FILE), String(process.pid));
  return {
    dir,
    close: async () => {
      if (!config.keepFiles) await rm(dir, { recursive: true, force: true });
    },
  };
}

async function removeAbandoned(base: string): Promise<void> {
  const names = (await readdir(base)).filter((name) => name.startsWith(PREFIX));
  for (const name of names) {
    const found = await readdir(join(base, name)).catch(() => [OWNER_FILE]);
    // One that is being opened has no owner yet: left alone.
    if (!found.includes(OWNER_FILE)) continue;
    const owner = Number(await readFile(join(base, name, OWNER_FILE), 'utf8').catch(() => ''));
    if (owner > 0 && !isProcessAlive(owner)) await rm(join(base, name), { recursive: true, force: true });
  }
}

/** Without waiting: a host is started in one step. */
export function makeHostFolders(
  workDir: string,
  { uid, gid }: Pick<RunnerConfig, 'uid' | 'gid'>,
): HostFolders {
  const root = mkdtempSync(join(workDir, 'host-'));
  const folders = { root, scratch: join(root, 'scratch'), version: join(root, 'version') };
  mkdirSync(folders.scratch);
  mkdirSync(folders.version);
  if (uid !== undefined) {
    for (const dir of [root, folders.scratch, folders.version]) chownSync(dir, uid, gid ?? uid);
  }
  return folders;
}

/**
 * The version's files under a second name, in the folder that a started host may read: nothing is copied where both lie on one disk.
 * Throws on what is neither file nor folder: a link would lead out of the version.
 */
export async function linkVersion(from: string, to: string): Promise<void> {
  const entries = await readdir(from, { withFileTypes: true });
  await Promise.all(
    entries.map(async (entry) => {
      const [source, target] = [join(from, entry.name), join(to, entry.name)];
      if (entry.isDirectory()) {
        await mkdir(target);
        return linkVersion(source, target);
      }
      if (!entry.isFile()) throw new TypeError(`"${entry.name}" is neither a file nor a folder`);
      try {
        await link(source, target);
      } catch {
        // Another disk, too many links, a file system without them.
        await copyFile(source, target);
      }
    }),
  );
}

/** Bytes of all that lies below. What vanishes meanwhile counts nothing. */
export async function sizeOfFolder(dir: string): Promise<number> {
  const entries = await readdir(dir, { withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(
    entries.map(async (entry) => {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) return sizeOfFolder(path);
      return (await lstat(path).catch(() => undefined))?.size ?? 0;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
