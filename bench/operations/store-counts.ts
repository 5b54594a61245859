import { connectRedis } from '@switchyard/redis';
import { openStore } from '@switchyard/store';
import type { Servers } from '../src/servers.ts';

/** What Redis and Postgres have done so far, by their own counts; a worker's own timers are in it. */
export async function openStoreCounts(servers: Servers) {
  const redis = await connectRedis({ url: servers.redisUrl, kind: 'commands', name: 'bench-counts' });
  const store = await openStore({ url: servers.databaseUrl, poolSize: 1, applicationName: 'bench-counts' });
  return {
    async read(): Promise<{ redisCommands: number; sqlTransactions: number }> {
      const info = await redis.driver.info('stats');
      const redisCommands = Number(/total_commands_processed:(\d+)/.exec(info)?.[1]);
      const [row] = await store.sql.query<{ n: string }>({
        text: 'select xact_commit + xact_rollback as n from pg_stat_database where datname = current_database()',
      });
      return { redisCommands, sqlTransactions: Number(row?.n) };
    },
    async close(): Promise<void> {
      await redis.close();
      await store.close();
    },
  };
}
