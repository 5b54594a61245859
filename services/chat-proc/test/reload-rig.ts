import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { PostgresFixture, RedisFixture } from '@switchyard/testkit';
import { vi } from 'vitest';
import type { Probed } from './memory-probe.ts';
import { answerOf, isTerminal } from './proc-rig.ts';
import type { ProcRig } from './proc-rig.ts';
import { descendants, launchWorker } from './worker-process.ts';

const PROBE = path.join(import.meta.dirname, 'memory-probe.ts');
const BUNDLE = 'reloaded';
const PATIENCE_MS = 120_000;
/** Words of an answer that is under way while its version is switched. */
const WORDS = 12;
const RELOADS_A_SESSION = 20;
/** The host that serves, and one that waits. */
const RESTING = 2;

const codeOf = (version: number): string => `
import { defineBundle } from '@switchyard/bundle-sdk';
export default defineBundle({
  id: '${BUNDLE}', name: 'Version ${version}',
  async executeCore(turn) {
    // As much as is kept of a bundle's lines: what grows until it is full is full.
    if (turn.message === 'first') for (let line = 0; line < 600; line += 1) console.log('x'.repeat(200));
    for (let word = 0; word < ${WORDS}; word += 1) {
      await turn.delta('v${version} ');
      if (turn.message === 'slowly') await new Promise((resolve) => setTimeout(resolve, 10));
    }
  },
});
`;

/** What a worker and its stores hold when nothing is under way. */
export interface Holdings extends Probed {
  readonly reloads: number;
  readonly children: number;
  readonly descriptors: number;
  /** Files and folders of the bundle store and of the hosts' work folder. */
  readonly files: number;
  /** Keys of the scope; of what turns wrote only those that do not go by themselves. */
  readonly keys: number;
  /** By table. */
  readonly rows: Readonly<Record<string, number>>;
}

export interface ReloadRig extends AsyncDisposable {
  /** Switches to a version nobody has seen, in the middle of one answer and before another; both are checked. */
  reload(): Promise<void>;
  /** Waits for rest, then looks. */
  look(): Promise<Holdings>;
}

type Stores = { redis: RedisFixture; postgres: PostgresFixture };

/** A worker in a process of its own whose bundle is switched again and again, by the administration's endpoint, while it answers. */
export async function openReloadRig(
  rig: ProcRig,
  { redis, postgres }: Stores,
  settings: Record<string, string>,
): Promise<ReloadRig> {
  const source = path.join(path.dirname(rig.bundlesDir), BUNDLE);
  const [storeDir, workDir] = ['store', 'hosts'].map((name) => path.join(path.dirname(rig.bundlesDir), name));
  await mkdir(source, { recursive: true });
  await mkdir(rig.bundlesDir, { recursive: true });
  const env = rig.env({ redisUrl: redis.url, databaseUrl: postgres.url });
  const worker = launchWorker(
    {
      ...env,
      RUNNER_SANDBOX: 'permission',
      // What is slow here is the machine: nobody is to be taken for dead.
      LEASE: '60s',
      BUNDLE_SOURCES: '*',
      RUNNER_START: '2m',
      ...settings,
    },
    ['--expose-gc', '--import', PROBE],
  );
  const pid = worker.child.pid ?? 0;
  await vi.waitFor(
    () => {
      if (!worker.said().includes('worker started')) throw new Error(worker.said());
    },
    { timeout: PATIENCE_MS },
  );
  const port = /"port":(\d+)/u.exec(
    worker
      .said()
      .split('\n')
      .find((line) => line.includes('worker started')) ?? '',
  )?.[1];
  const token = await rig.token('privileged');
  let reloads = 0;

  const register = async (): Promise<void> => {
    await writeFile(path.join(source, 'bundle.ts'), codeOf(reloads));
    const response = await fetch(`http://127.0.0.1:${port}/admin/integrations/bundles`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ op: 'merge', bundles: { [BUNDLE]: { path: source } } }),
    });
    const text = await response.text();
    if (response.status !== 200 || !text.includes('"status":"ok"'))
      throw new Error(`version ${reloads}: ${text}`);
  };
  /** Another session now and then: looking for a turn's words means to read the session's whole log. */
  const say = (text: string, name: string) => {
    const user = `${name}-${Math.floor(reloads / RELOADS_A_SESSION)}`;
    return rig.say(text, { bundleId: BUNDLE, user, conversationId: `c-${user}` });
  };
  const requireAnswer = async (ack: Awaited<ReturnType<typeof say>>, version: number): Promise<void> => {
    const events = await rig.ended(ack);
    const [answer, wanted] = [answerOf(events), `v${version} `.repeat(WORDS)];
    if (answer !== wanted || events.filter(isTerminal).length !== 1)
      throw new Error(`version ${version} was to answer, and this came: ${answer}`);
  };
  const countKeys = async (): Promise<number> => {
    const script = `local count = 0
      for _, key in ipairs(redis.call('KEYS', ARGV[1])) do
        local is_of_turns = string.find(key, ':chat:', 1, true) ~= nil or string.find(key, ':events:', 1, true) ~= nil
        if not is_of_turns or redis.call('TTL', key) < 0 then count = count + 1 end
      end
      return tostring(count)`;
    return Number(
      await redis.command('EVAL', script, '1', redis.prefix, `*${redis.tenant}:${redis.project}*`),
    );
  };
  const countRows = async (): Promise<Record<string, number>> => {
    const text = `select table_name, (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %I', table_name), false, true, '')))[1]::text::int as n
      from information_schema.tables where table_schema = 'public'`;
    const tables = await postgres.sql.query<{ table_name: string; n: number }>({ text });
    return Object.fromEntries(tables.map(({ table_name: name, n }) => [name, n]));
  };
  const countFiles = async (): Promise<number> => {
    const listed = await Promise.all(
      [storeDir, workDir].map((dir) => readdir(dir ?? '', { recursive: true })),
    );
    return listed.flat().length;
  };
  const probe = async (): Promise<Probed> => {
    const { promise: told, resolve } = Promise.withResolvers<Probed>();
    // A worker says other things on this channel as well.
    const hear = (message: unknown): void => {
      const { probed } = message as { probed?: Probed };
      if (probed !== undefined) resolve(probed);
    };
    worker.child.on('message', hear);
    worker.child.send('probe');
    try {
      return await told;
    } finally {
      worker.child.off('message', hear);
    }
  };

  await register();
  await requireAnswer(await say('first', 'ada'), 0);
  return {
    async reload() {
      const across = await say('slowly', 'grace');
      await rig.saysSoon(across, `v${reloads} `);
      const before = reloads;
      reloads += 1;
      await register();
      await requireAnswer(await say('quickly', 'ada'), reloads);
      await requireAnswer(across, before);
    },
    async look() {
      // Hosts of former versions end by themselves, and the next warm one comes up.
      await vi.waitFor(
        async () => {
          const now = await descendants(pid);
          if (now.length !== RESTING) throw new Error(`${now.length} processes live below the worker`);
        },
        { timeout: PATIENCE_MS, interval: 50 },
      );
      const descriptors = (await readdir(`/proc/${pid}/fd`)).length;
      return {
        reloads,
        children: (await descendants(pid)).length,
        descriptors,
        files: await countFiles(),
        keys: await countKeys(),
        rows: await countRows(),
        ...(await probe()),
      };
    },
    async [Symbol.asyncDispose]() {
      worker.child.kill('SIGTERM');
      await worker.exited;
    },
  };
}
