import { Redis } from 'ioredis';
import pg from 'pg';

/** What Redis and Postgres did since it was made, for everybody who uses them: scripts, commands (those inside of scripts too), publications, bytes in and out, commits. */
export async function startStoreCounts(stores: {
  readonly redisUrl: string;
  readonly databaseUrl: string;
}): Promise<() => Promise<Record<string, number>>> {
  const before = await readCounts(stores);
  return async () => {
    const now = await readCounts(stores);
    return Object.fromEntries(
      Object.entries(now).map(([name, count]) => [name, count - (before[name] ?? 0)]),
    );
  };
}

async function readCounts(stores: {
  redisUrl: string;
  databaseUrl: string;
}): Promise<Record<string, number>> {
  const redis = new Redis(stores.redisUrl);
  const calls = new Map<string, number>();
  for (const [, name = '', count] of (await redis.info('commandstats')).matchAll(
    /cmdstat_(\S+?):calls=(\d+)/g,
  ))
    calls.set(name, Number(count));
  const stats = await redis.info('stats');
  redis.disconnect();
  const statOf = (name: string): number => Number(new RegExp(`${name}:(\\d+)`).exec(stats)?.[1] ?? 0);
  const sumOf = (...names: string[]): number => names.reduce((sum, name) => sum + (calls.get(name) ?? 0), 0);
  const pool = new pg.Pool({ connectionString: stores.databaseUrl, max: 1 });
  const { rows } = await pool.query<{ commits: string }>(
    'select xact_commit as commits from pg_stat_database where datname = current_database()',
  );
  await pool.end();
  return {
    scripts: sumOf('eval', 'evalsha', 'fcall', 'evalsha_ro', 'eval_ro'),
    commands: [...calls.values()].reduce((sum, count) => sum + count, 0),
    publications: sumOf('publish', 'spublish'),
    redisBytesIn: statOf('total_net_input_bytes'),
    redisBytesOut: statOf('total_net_output_bytes'),
    commits: Number(rows[0]?.commits ?? 0),
  };
}
