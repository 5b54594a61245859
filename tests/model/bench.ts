import { connectRedis } from '@switchyard/redis';
import { platformTest } from '@switchyard/testkit';
import { vi } from 'vitest';
import { loadPatchedScripts, loadRealScripts, patchStatements } from './without-rule.ts';
import type { DroppedRule } from './dropped-rules.ts';
import type { Bench } from './world.ts';

export interface Benches {
  /** As in production. */
  readonly real: Bench;
  /** Without one rule. */
  without(rule: DroppedRule): Bench;
  /** Rows of former schedules go: a table that grows makes every statement slower. */
  sweep(): Promise<void>;
}

/** A real Redis and a real Postgres; timers stand still, the scheduler moves them. */
export const modelTest = platformTest.extend<{ benches: Benches }>({
  benches: async ({ redis, postgres }, use) => {
    const connection = await connectRedis({ url: redis.url, kind: 'commands', name: 'model' });
    const { sql } = postgres;
    const real: Bench = { connection, sql, tenant: redis.tenant, library: loadRealScripts() };
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    await use({
      real,
      without: ({ scripts, statements, order }) => ({
        ...real,
        ...(scripts === undefined ? {} : { library: loadPatchedScripts(scripts) }),
        ...(statements === undefined ? {} : { sql: patchStatements(sql, statements) }),
        order,
      }),
      sweep: async () => void (await sql.query({ text: 'truncate turn, conversation cascade' })),
    });
    vi.useRealTimers();
    await connection.close();
  },
});
