import { readFile, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createKeys, connectRedis } from '@switchyard/redis';
import { openStore } from '@switchyard/store';
import type { StackFixture } from '@switchyard/testkit';

/** What must be nowhere, by what it is. */
export type Canaries = Readonly<Record<string, string>>;

/** Where secrets are meant to lie: readable by the owner only, and read by the launcher alone. */
const KEY_FILES: ReadonlySet<string> = new Set(['credentials.json', 'secrets.key', 'run.json']);

/** Every place that outlives a process: lines of logs, the files of Redis, every row of Postgres, and what lies in the data folder. */
export const placesOf = async (stack: StackFixture): Promise<Map<string, Buffer>> => {
  const places = new Map<string, Buffer>();
  for (const name of ['secrets', 'chat-ingress', 'chat-proc', 'web-proxy', 'web-ui'])
    places.set(`log of ${name}`, Buffer.from(stack.lines(name).join('\n')));
  await saveRedis(stack);
  for (const file of await filesIn(dirname(stack.sealedFile)))
    if (!KEY_FILES.has(basename(file))) places.set(file, await readFile(file).catch(() => Buffer.alloc(0)));
  for (const [table, rows] of await readTables(stack.databaseUrl))
    places.set(`table ${table}`, Buffer.from(rows));
  return places;
};

/** Which canary lies where, as it is, in hexadecimal (bytes of a row) or in base64. */
export const scanFor = (canaries: Canaries, places: ReadonlyMap<string, Buffer>): string[] => {
  const found: string[] = [];
  for (const [what, text] of Object.entries(canaries)) {
    if (text.length < 12) throw new Error(`${what} is too short to be told from other words`);
    const spellings = [
      text,
      Buffer.from(text).toString('hex'),
      Buffer.from(text).toString('base64').slice(0, -4),
    ];
    for (const [place, bytes] of places)
      if (spellings.some((spelling) => bytes.includes(spelling))) found.push(`${what} in ${place}`);
  }
  return found;
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
