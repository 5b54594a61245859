import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { canReach, ensureDatabaseUser } from './database-user.ts';

/** Where things lie below `--data`. */
export interface DataFolder {
  readonly root: string;
  readonly redis: string;
  /** Not always below `root`: as root the database's account must be able to reach it. */
  readonly postgres: string;
  readonly logs: string;
  /** The development certificate, where one was asked for. */
  readonly tls: string;
  readonly runFile: string;
  /** Secrets for the next start, as `switchyard secrets set --file` seals them, and the passphrase that it takes. */
  readonly sealedFile: string;
  readonly sealedKeyFile: string;
  readonly credentials: Credentials;
}

/** Made once, at the first start, readable by the owner only. Losing the master key loses what it sealed. */
export interface Credentials {
  readonly masterKey: string;
  readonly redisPassword: string;
  readonly postgresPassword: string;
  readonly secretsToken: string;
  readonly execToken: string;
}

/** Used where the database's account cannot pass the data folder's parents, as under a 0700 home. */
const REACHABLE = '/var/lib/switchyard';
const KEY_BYTES = 32;
const CREDENTIALS = 'credentials.json';
const SEALED = 'secrets.sealed';
const SEALED_KEY = 'secrets.key';
/** All that a stack makes below its data folder. */
const ENTRIES = [
  'redis',
  'postgres',
  'blobs',
  'bundles',
  'logs',
  'tls',
  'run.json',
  CREDENTIALS,
  SEALED,
  SEALED_KEY,
];

const newCredentials = (): Credentials => ({
  masterKey: randomBytes(KEY_BYTES).toString('base64'),
  redisPassword: randomBytes(KEY_BYTES).toString('hex'),
  postgresPassword: randomBytes(KEY_BYTES).toString('hex'),
  secretsToken: randomBytes(KEY_BYTES).toString('hex'),
  execToken: randomBytes(KEY_BYTES).toString('hex'),
});

const loadCredentials = async (file: string): Promise<Credentials> => {
  const kept = existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Partial<Credentials>) : {};
  const made = newCredentials();
  // A folder of an earlier release has fewer: what is there stays, it opens what was sealed with it.
  const credentials = { ...made, ...kept };
  if (Object.keys(made).every((name) => Object.hasOwn(kept, name))) return credentials;
  // Written beside and renamed: a half-written key file would look like a lost key.
  const partial = `${file}.partial`;
  await writeFile(partial, `${JSON.stringify(credentials, undefined, 2)}\n`, { mode: 0o600 });
  await rename(partial, file);
  return credentials;
};

/** The database's folder for a data folder; one of its own per data folder, so that two clones never share one. */
export const postgresFolder = (root: string): string => {
  const user = ensureDatabaseUser();
  const beside = join(root, 'postgres');
  if (!user || canReach(beside, user)) return beside;
  return join(REACHABLE, createHash('sha256').update(root).digest('hex').slice(0, 12));
};

/** Opens (and on first use makes) the data folder. */
export const openDataFolder = async (root: string): Promise<DataFolder> => {
  await mkdir(root, { recursive: true });
  // Others may pass through (the database's account must) but not list; every file in it is private by itself.
  await chmod(root, 0o711);
  const logs = join(root, 'logs');
  const sealedKeyFile = join(root, SEALED_KEY);
  // Once only: it opens what was sealed with it.
  await writeFile(sealedKeyFile, randomBytes(KEY_BYTES).toString('hex'), { flag: 'wx', mode: 0o600 }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    },
  );
  await mkdir(logs, { recursive: true, mode: 0o700 });
  return {
    root,
    redis: join(root, 'redis'),
    postgres: postgresFolder(root),
    logs,
    tls: join(root, 'tls'),
    runFile: join(root, 'run.json'),
    sealedFile: join(root, SEALED),
    sealedKeyFile,
    credentials: await loadCredentials(join(root, CREDENTIALS)),
  };
};

/** Whether a folder is one that `openDataFolder` made. */
export const isDataFolder = (root: string): boolean => existsSync(join(root, CREDENTIALS));

/** Removes what a stack made, entry by entry: `--data` may name a folder in which other things lie too. */
export const removeDataFolder = async (root: string): Promise<void> => {
  await rm(postgresFolder(root), { recursive: true, force: true });
  for (const entry of ENTRIES) await rm(join(root, entry), { recursive: true, force: true });
  await rmdir(root).catch(() => {}); // not empty: what is left is not ours
};
