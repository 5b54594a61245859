import { readFile } from 'node:fs/promises';
import { expect, vi } from 'vitest';
import { ACTOR_DIR, procTest as test } from '../test/proc-rig.ts';
import { descendants, launchWorker as launch } from '../test/worker-process.ts';

/** A machine that is busy is slow, not wrong. */
const PATIENCE_MS = 90_000;
vi.setConfig({ testTimeout: 2 * PATIENCE_MS });

/** A zombie is dead; whether somebody collects it is not ours. */
async function listAlive(pids: readonly number[]): Promise<number[]> {
  const stats = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  return pids.filter((_pid, at) => /^\d+ \(.*\) [^ZX]/su.test(stats[at] ?? ''));
}

test('the process starts, says that it is ready, stops at SIGTERM and leaves nothing behind', async ({
  rig,
  redis,
  postgres,
}) => {
  await rig.ship(ACTOR_DIR);
  const main = launch(rig.env({ redisUrl: redis.url, databaseUrl: postgres.url }));
  try {
    await vi.waitFor(() => expect(main.said()).toContain('worker started'), { timeout: PATIENCE_MS });
    expect((await rig.ended(await rig.say('returned'))).some(({ event }) => event === 'chat_complete')).toBe(
      true,
    );
    const hosts = await descendants(main.child.pid ?? 0);
    expect(hosts.length).toBeGreaterThan(0);
    main.child.kill('SIGTERM');
    expect(await main.exited).toBe(0);
    await vi.waitFor(async () => expect(await listAlive(hosts)).toEqual([]));
    expect(main.said()).not.toContain('uncaught');
  } finally {
    main.child.kill('SIGKILL');
  }
});

test('a killed process leaves no bundle process behind', async ({ rig, redis, postgres }) => {
  await rig.ship(ACTOR_DIR);
  const main = launch(rig.env({ redisUrl: redis.url, databaseUrl: postgres.url }));
  try {
    await vi.waitFor(() => expect(main.said()).toContain('worker started'), { timeout: PATIENCE_MS });
    await rig.saysSoon(await rig.say('forever'), 'tick');
    const hosts = await descendants(main.child.pid ?? 0);
    main.child.kill('SIGKILL');
    await main.exited;
    await vi.waitFor(async () => expect(await listAlive(hosts)).toEqual([]), { timeout: PATIENCE_MS });
  } finally {
    main.child.kill('SIGKILL');
  }
});

test('a bad setting ends the start with one line that names it', async () => {
  const main = launch({
    PORT: 'many',
    DATABASE_URL: 'postgres://nobody',
    SWITCHYARD_MASTER_KEY: 'a secret that must not be shown',
  });
  expect(await main.exited).toBe(1);
  expect(main.said().trim().split('\n')).toHaveLength(1);
  expect(main.said()).toContain('PORT');
  expect(main.said()).not.toContain('must not be shown');
});
