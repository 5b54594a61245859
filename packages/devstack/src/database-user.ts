import { execFileSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { dirname } from 'node:path';

/** Postgres refuses to run as root, so as root it runs under this system account. */
const ACCOUNT = 'postgres';

export interface DatabaseUser {
  readonly uid: number;
  readonly gid: number;
}

const idOf = (flag: '-u' | '-g'): number =>
  Number(
    execFileSync('id', [flag, ACCOUNT], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim(),
  );

const lookUp = (): DatabaseUser | undefined => {
  try {
    return { uid: idOf('-u'), gid: idOf('-g') };
  } catch {
    return undefined;
  }
};

/** The account to run Postgres under; undefined when the caller is not root and may run it itself. */
export const ensureDatabaseUser = (): DatabaseUser | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const existing = lookUp();
  if (existing) return existing;
  execFileSync('useradd', ['--system', '--user-group', '--no-create-home', ACCOUNT], { stdio: 'ignore' });
  return lookUp();
};

const OWNER_SEARCH = 0o100;
const GROUP_SEARCH = 0o010;
const OTHER_SEARCH = 0o001;

const maySearch = (folder: string, user: DatabaseUser): boolean => {
  const { mode, uid, gid } = statSync(folder);
  if (uid === user.uid) return (mode & OWNER_SEARCH) !== 0;
  if (gid === user.gid) return (mode & GROUP_SEARCH) !== 0;
  return (mode & OTHER_SEARCH) !== 0;
};

/** Whether every folder above `path` lets the user through (a 0700 home does not). `path` itself need not exist. */
export const canReach = (path: string, user: DatabaseUser): boolean => {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    try {
      if (!maySearch(folder, user)) return false;
    } catch {
      // not made yet: it will be made by us, open enough
    }
    if (folder === dirname(folder)) return true;
  }
};
