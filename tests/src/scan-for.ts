import { readFile, readdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { basename, dirname, join } from 'node:path';
import { createKeys, connectRedis } from '@switchyard/redis';
import { openStore } from '@switchyard/store';
import type { StackFixture } from '@switchyard/testkit';

/** What must be nowhere, by what it is. */
export type Canaries = Readonly<Record<string, string | Buffer>>;

/** Where secrets are meant to lie: readable by the owner only, and read by the launcher alone. */
const KEY_FILES: ReadonlySet<string> = new Set(['credentials.json', 'secrets.key', 'run.json']);

/** Every place that outlives a process: lines of logs, the files of Redis, every row of Postgres, and what lies in the data folder. */
export const placesOf = async (stack: StackFixture): Promise<Map<string, Buffer>> => {
  const places = new Map<string, Buffer>();
  for (const name of ['secrets', 'exec', 'chat-ingress', 'chat-proc', 'web-proxy', 'web-ui', 'proxylogin'])
    places.set(`log of ${name}`, Buffer.from(stack.lines(name).join('\n')));
  await saveRedis(stack);
  for (const file of await filesIn(dirname(stack.sealedFile)))
    if (!KEY_FILES.has(basename(file))) places.set(file, await readFile(file).catch(() => Buffer.alloc(0)));
  for (const file of await coreFiles()) places.set(file, await readFile(file));
  for (const [table, rows] of await readTables(stack.databaseUrl))
    places.set(`table ${table}`, Buffer.from(rows));
  return places;
};

/** A recovery code without its dash; shorter ones stand in other words by chance. */
const SHORTEST = 10;

/** Which canary lies where, as it is, in hexadecimal (bytes of a row) or in base64. */
export const scanFor = (canaries: Canaries, places: ReadonlyMap<string, Buffer>): string[] => {
  const found: string[] = [];
  for (const [what, text] of Object.entries(canaries)) {
    if (text.length < SHORTEST) throw new Error(`${what} is too short to be told from other words`);
    const bytes = Buffer.from(text);
    const spellings = [bytes, bytes.toString('hex'), bytes.toString('base64').slice(0, -4)];
    for (const [place, kept] of places)
      if (spellings.some((spelling) => kept.includes(spelling))) found.push(`${what} in ${place}`);
  }
  return found;
};

/** Lays a word where the scan must find it: in Redis, in Postgres and in a file of the data folder. Returns where it lies then. */
export const plant = async (stack: StackFixture, word: string): Promise<RegExp[]> => {
  const redis = await connectRedis({
    url: stack.redisUrl,
    prefix: 'planted',
    name: 'plant',
    kind: 'commands',
  });
  try {
    await redis.driver.set('planted', `before ${word} after`);
  } finally {
    await redis.close();
  }
  const store = await openStore({ url: stack.databaseUrl, poolSize: 1, applicationName: 'plant' });
  try {
    await store.sql.query({ text: 'create table planted (word bytea)' });
    await store.sql.query({ text: 'insert into planted values ($1)', values: [Buffer.from(word)] });
  } finally {
    await store.close();
  }
  const file = join(dirname(stack.sealedFile), 'core.planted');
  await writeFile(file, Buffer.concat([Buffer.alloc(4096), Buffer.from(word), Buffer.alloc(4096)]));
  return [/\.aof$/, /\.rdb$/, /table planted$/, /core\.planted$/];
};

/** Writes the dump and the log of Redis as they would be found on a disk, and without compression, which would hide words. */
async function saveRedis({ redisUrl }: StackFixture): Promise<void> {
  const keys = createKeys({ tenant: 'demo', project: 'main' });
  const redis = await connectRedis({ url: redisUrl, prefix: keys.prefix, name: 'scan', kind: 'commands' });
  try {
    await redis.driver.config('SET', 'rdbcompression', 'no');
    await redis.driver.save();
  } finally {
    await redis.close();
  }
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CORE_NAME = /^core([.-]|$)/;

/** Where the kernel leaves the memory of a process that crashed: where it ran, or in the folder that its pattern names. */
async function coreFiles(): Promise<string[]> {
  const pattern = (await readFile('/proc/sys/kernel/core_pattern', 'utf8').catch(() => 'core')).trim();
  const folders = pattern.startsWith('/') ? [ROOT, dirname(pattern)] : [ROOT];
  const found = await Promise.all(
    folders.map(async (folder) =>
      (await readdir(folder).catch(() => []))
        .filter((name) => CORE_NAME.test(name))
        .map((name) => join(folder, name)),
    ),
  );
  return found.flat();
}

async function filesIn(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

async function readTables(url: string): Promise<[string, string][]> {
  const store = await openStore({ url, poolSize: 1, applicationName: 'scan' });
  try {
    const names = await store.sql.query<{ name: string }>({
      text: "select table_name as name from information_schema.tables where table_schema = 'public' order by 1",
    });
    const tables: [string, string][] = [];
    for (const { name } of names) {
      const rows = await store.sql.query<{ row: string }>({ text: `select t::text as row from "${name}" t` });
      tables.push([name, rows.map(({ row }) => row).join('\n')]);
    }
    return tables;
  } finally {
    await store.close();
  }
}
