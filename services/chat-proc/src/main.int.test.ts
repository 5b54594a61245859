import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, vi } from 'vitest';
import { ACTOR_DIR, procTest as test } from '../test/proc-rig.ts';
import { descendants, launchWorker as launch } from '../test/worker-process.ts';

/** A machine that is busy is slow, not wrong. */
const PATIENCE_MS = 90_000;
vi.setConfig({ testTimeout: 2 * PATIENCE_MS });

// Whole workers, each with a process of its own: a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000 });

const DESK_DIR = path.join(import.meta.dirname, '../test/bundles/desk');

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

test('a call with a key whose worker was killed in the middle is told as unknown, and not made again', async ({
  rig,
  redis,
  postgres,
}) => {
  await rig.ship(ACTOR_DIR);
  await rig.ship(DESK_DIR);
  const main = launch(rig.env({ redisUrl: redis.url, databaseUrl: postgres.url }));
  const authorization = `Bearer ${await rig.token('registered')}`;
  const errand = (port: number, key: string) =>
    fetch(
      `http://127.0.0.1:${port}/api/integrations/bundles/${redis.tenant}/${redis.project}/desk/operations/errand`,
      { method: 'POST', headers: { authorization, 'idempotency-key': key } },
    );
  const told = async (response: Response) => {
    const { detail } = (await response.json()) as { detail: Record<string, unknown> };
    return { status: response.status, ...detail };
  };
  try {
    await vi.waitFor(() => expect(main.said()).toContain('worker started'), { timeout: 60_000 });
    const port = Number(/"port":(\d+)/u.exec(main.said())?.[1]);
    const lost = errand(port, 'k1').then(
      () => 'answered',
      () => 'lost',
    );
    await vi.waitFor(() => expect(main.said()).toContain('errand 1 begun'), { timeout: 60_000 });
    main.child.kill('SIGKILL');
    expect(await lost).toBe('lost');
    const next = await rig.start();
    // As far as anybody knows it still runs: its time limit is not over.
    expect(await told(await errand(next.port, 'k1'))).toMatchObject({ error_type: 'call_in_progress' });
    await postgres.sql.query({ text: "update operation_call set held_until = now() - interval '1 s'" });
    expect(await told(await errand(next.port, 'k1'))).toMatchObject({
      status: 409,
      error_type: 'call_unknown',
      state: 'unknown',
      call_reason: 'worker_lost',
    });
    // The first one of the new host: nobody made the other one there.
    expect(await (await errand(next.port, 'k2')).json()).toMatchObject({ errand: { errands: 1 } });
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
