import { globSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Scope } from '@switchyard/kernel';
import { makeTar } from '@switchyard/registry/testing';
import { expect, onTestFinished, vi } from 'vitest';
import { ACTOR_DIR, procTest as test, terminalOf } from '../test/proc-rig.ts';
import { startSecrets } from '../test/start-secrets.ts';

const ADMIN = '/admin/integrations/bundles';
const SDK = `import { defineBundle, operation } from '@switchyard/bundle-sdk';\n`;

const bundleText = (id: string, operations: string, rest = ''): string =>
  `${SDK}export default defineBundle({ id: '${id}', name: '${id}', ${rest}
  operations: { ${operations} } });`;

/** Tries one way out and says what came of it. */
const tries = (body: string): string =>
  `operation({ run: async (_ctx, input) => { try { ${body} } catch (error) { return 'refused: ' + error.message; } } })`;

/** What stood in the way. An attempt that failed for another reason, as one with a mistake in it, tells nothing. */
const REFUSAL =
  /"refused: .*(not available to a bundle|Access to this API has been restricted|is not a function|ENOENT|EACCES|fetch failed|empty)/u;

const WAYS_OUT: Readonly<Record<string, string>> = {
  passwd: `(await import('node:fs')).readFileSync('/etc/passwd', 'utf8'); return 'reached';`,
  neighbour: `(await import('node:fs')).readdirSync(new URL('..', import.meta.url)); return 'reached';`,
  sqlitePasswd: `const { DatabaseSync } = await import('node:sqlite'); new DatabaseSync('/etc/passwd', { readOnly: true }); return 'reached';`,
  neighboursFile: `(await import('node:fs')).readFileSync(input.neighbour, 'utf8'); return 'reached';`,
  sqliteNeighbour: `const { DatabaseSync } = await import('node:sqlite'); new DatabaseSync(input.neighbour); return 'reached';`,
  redis: `const net = await import('node:net'); return await new Promise((resolve) => {
    const one = net.connect(input.redisPort, '127.0.0.1');
    one.on('connect', () => resolve('reached')); one.on('error', (error) => resolve('refused: ' + error.message)); });`,
  secretsService: `await fetch(input.secretsUrl + '/health'); return 'reached';`,
  environment: `return Object.keys(process.env).some((name) => /REDIS|DATABASE|SWITCHYARD/.test(name)) ? 'reached' : 'refused: empty';`,
  sqlite: `const { DatabaseSync } = await import('node:sqlite'); new DatabaseSync('/tmp/x'); return 'reached';`,
  builtin: `const { DatabaseSync } = process.getBuiltinModule('node:sqlite'); new DatabaseSync('/tmp/x'); return 'reached';`,
  fork: `(await import('node:child_process')).spawnSync('true'); return 'reached';`,
  worker: `const { Worker } = await import('node:worker_threads'); new Worker('1', { eval: true }); return 'reached';`,
  hooks: `const { registerHooks } = await import('node:module'); registerHooks({ resolve: (s, c, n) => n(s, c) });
    await import('node:child_process'); return 'reached';`,
  forkbomb: `const { spawn } = await import('node:child_process'); for (;;) spawn(process.execPath, ['-e', 'for (;;) ;']);`,
  environ: `(await import('node:fs')).readFileSync('/proc/' + process.ppid + '/environ'); return 'reached';`,
  addon: `process.dlopen({ exports: {} }, '/tmp/none.node'); return 'reached';`,
  writes: `(await import('node:fs')).writeFileSync(new URL('./new.txt', import.meta.url), 'x'); return 'reached';`,
  metadata: `await fetch('http://169.254.169.254/latest/meta-data'); return 'reached';`,
  parent: `process.kill(process.ppid, 0); return 'reached';`,
  fetched: `await fetch('http://127.0.0.1:' + input.port); return 'reached';`,
  socket: `const net = await import('node:net'); return await new Promise((resolve) => {
    const one = net.connect(input.port, '127.0.0.1');
    one.on('connect', () => resolve('reached')); one.on('error', (error) => resolve('refused: ' + error.message)); });`,
  listen: `const net = await import('node:net'); return await new Promise((resolve) => {
    const one = net.createServer(); one.on('error', (error) => resolve('refused: ' + error.message));
    one.listen(0, '127.0.0.1', () => resolve('reached')); });`,
};

/** Bundles that do harm when they are called: what the caller is told, and what their author reads. */
const ANIMALS: readonly { id: string; run: string; status: number; type: string; says: RegExp }[] = [
  {
    id: 'thrower',
    run: `throw new Error('the moon is missing');`,
    status: 500,
    type: 'bundle_error',
    says: /the moon is missing/u,
  },
  { id: 'quitter', run: `process.exit(3);`, status: 500, type: 'bundle_crashed', says: /ended|exit/u },
  { id: 'looper', run: `for (;;) {}`, status: 500, type: 'bundle_blocked', says: /stood still|blocked/u },
  {
    id: 'hoarder',
    run: `const all = []; for (;;) all.push(new Array(1e6).fill(all.length));`,
    status: 500,
    type: 'bundle_crashed',
    says: /heap|memory/u,
  },
  {
    id: 'buffers',
    run: `const all = []; for (;;) { all.push(Buffer.alloc(32e6, 1)); await new Promise((done) => setTimeout(done, 10)); }`,
    status: 500,
    type: 'bundle_crashed',
    says: /memory/u,
  },
  {
    id: 'sleeper',
    run: `await new Promise((done) => setTimeout(done, 2e6));`,
    status: 504,
    type: 'timeout',
    says: /limit|time/iu,
  },
  {
    id: 'chatter',
    run: `for (let at = 0; at < 50000; at += 1) console.log('line ' + at); return 1;`,
    status: 200,
    type: '',
    says: /line \d+/u,
  },
];

const LOADERS: readonly { id: string; text: string; says: RegExp }[] = [
  { id: 'throws', text: `throw new Error('the moon is missing');`, says: /the moon is missing/u },
  { id: 'exits', text: `process.exit(7);`, says: /exit|ended|stopped/u },
  {
    id: 'waits',
    text: `setInterval(() => {}, 1000); await new Promise(() => {});\nexport default 1;`,
    says: /did not finish loading/u,
  },
  { id: 'other', text: bundleText('somebody', ''), says: /somebody/u },
];

/** Turns that do not what they should, and how each ends for the person who waits. */
const TURNS: readonly { id: string; core: string; ends: string; hides?: string; says?: RegExp }[] = [
  {
    id: 'turns',
    core: `async executeCore() { throw new Error('the moon is missing'); },`,
    ends: 'bundle_error',
    hides: 'moon',
    says: /the moon is missing/u,
  },
  {
    id: 'endless',
    core: `limits: { wallMs: 1500 }, async executeCore() { await new Promise(() => {}); },`,
    ends: 'task_watchdog_timeout',
  },
  {
    id: 'silent',
    core: `limits: { idleMs: 1000 }, async executeCore(turn) { await turn.delta('Well'); await new Promise(() => {}); },`,
    ends: 'task_watchdog_timeout',
  },
  {
    id: 'flood',
    core: `async executeCore(turn) { for (let at = 0; at < 5000; at += 1) void turn.delta('word '); },`,
    ends: 'chat.complete',
  },
  {
    id: 'spinner',
    core: `async executeCore(turn) { await turn.delta('Round'); for (;;) {} },`,
    ends: 'bundle_blocked',
  },
  {
    id: 'faker',
    core: `async executeCore(turn) { await turn.event('chat.complete', {}); },`,
    ends: 'bundle_error',
  },
];

/** Of the bundle beside the zoo: a hundred times a second. */
const BETWEEN_ASKS_MS = 10;

const p99 = (times: readonly number[]): number =>
  times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;

for (const sandbox of ['permission', 'auto'])
  test(`a zoo of bad bundles is contained at ${sandbox}, and the bundle beside it does not notice`, async ({
    rig,
    redis,
  }) => {
    await rig.ship(ACTOR_DIR);
    const opened = new Scope();
    onTestFinished(() => opened.close());
    const secrets = await startSecrets(opened, redis);
    const { port } = await rig.start({
      ...secrets,
      runnerSandbox: sandbox,
      ratePrivileged: '1000000/1m',
      rateAddress: '1000000/1m',
    });
    const token = await rig.token('privileged');
    const ask = async (method: string, path: string, body?: unknown) => {
      const isBytes = body instanceof Uint8Array;
      const response = await fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': isBytes ? 'application/gzip' : 'application/json',
        },
        ...(body === undefined ? {} : { body: isBytes ? new Uint8Array(body) : JSON.stringify(body) }),
      });
      return { status: response.status, text: await response.text() };
    };
    const push = async (id: string, text: string) =>
      ask('POST', `${ADMIN}/upload?id=${id}`, await makeTar([{ path: 'bundle.ts', content: text }]));
    const call = async (id: string, operation: string, data: unknown = {}) =>
      ask(
        'POST',
        `/api/integrations/bundles/${redis.tenant}/${redis.project}/${id}/operations/${operation}`,
        { data },
      );
    const beside = async (isOver: () => boolean): Promise<number[]> => {
      const times: number[] = [];
      do {
        // Somebody who asks again and again, not who takes a processor for as long as loopers are waited for.
        await sleep(BETWEEN_ASKS_MS);
        const from = performance.now();
        const { status, text } = await call('good', 'ping');
        times.push(performance.now() - from);
        expect({ status, text }).toMatchObject({ status: 200, text: expect.stringContaining('pong') });
      } while (!isOver());
      return times;
    };

    expect((await push('good', bundleText('good', `ping: operation({ run: () => 'pong' })`))).status).toBe(
      200,
    );
    let calls = 0;
    const alone = await beside(() => (calls += 1) > 300);

    let isOver = false;
    const neighbour = beside(() => isOver);
    try {
      await Promise.all(
        LOADERS.map(async ({ id, text, says }) => {
          const { status, text: answer } = await push(id, text);
          expect({ id, status }).toEqual({ id, status: 422 });
          expect(answer).toMatch(says);
        }),
      );
      const listener = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
      await vi.waitFor(() => expect(listener.listening).toBe(true));
      const operations = Object.entries(WAYS_OUT).map(([name, body]) => `${name}: ${tries(body)}`);
      expect((await push('fugitive', bundleText('fugitive', operations.join(',\n')))).status).toBe(200);
      const [neighbour] = globSync(path.join(rig.bundlesDir, '../store/good__*/bundle.ts'));
      const places = {
        port: (listener.address() as AddressInfo).port,
        redisPort: Number(new URL(redis.url).port),
        secretsUrl: secrets.secretsUrl,
        neighbour,
      };
      for (const name of Object.keys(WAYS_OUT)) {
        const { status, text } = await call('fugitive', name, places);
        expect({ name, status, text }).toMatchObject({
          status: 200,
          text: expect.stringMatching(REFUSAL),
        });
      }
      listener.close();
      await Promise.all(
        ANIMALS.map(async ({ id, run, status, type, says }) => {
          const text = bundleText(
            id,
            `go: operation({ timeoutMs: ${id === 'sleeper' ? 500 : 60_000}, run: async () => { ${run} } })`,
          );
          expect({ id, pushed: (await push(id, text)).status }).toEqual({ id, pushed: 200 });
          const answer = await call(id, 'go');
          expect({ id, status: answer.status, text: answer.text }).toMatchObject({ status });
          expect(answer.text).toContain(type);
          expect(answer.text).not.toContain('moon');
          await vi.waitFor(async () => expect((await ask('GET', `${ADMIN}/${id}/logs`)).text).toMatch(says), {
            timeout: 15_000,
          });
        }),
      );
      await Promise.all(
        TURNS.map(async ({ id, core, ends, hides, says }) => {
          expect((await push(id, bundleText(id, '', core))).status).toBe(200);
          const events = await rig.ended(await rig.say('hello', { bundleId: id, user: id }));
          const terminal = terminalOf(events);
          expect({ id, event: terminal?.event, data: JSON.stringify(terminal?.data) }).toMatchObject({
            data: expect.stringContaining(ends),
          });
          if (hides !== undefined) expect(JSON.stringify(events)).not.toContain(hides);
          if (says !== undefined) expect((await ask('GET', `${ADMIN}/${id}/logs`)).text).toMatch(says);
        }),
      );
    } finally {
      isOver = true;
    }
    const during = await neighbour;
    console.info(
      `neighbour at ${sandbox}: p99 alone ${p99(alone).toFixed(1)} ms of ${alone.length}, beside the zoo ${p99(during).toFixed(1)} ms of ${during.length}`,
    );
    expect(during.length).toBeGreaterThan(100);
    // Two processors, of which loopers and hoarders take what they can: not an absolute time, and generous.
    expect(p99(during)).toBeLessThan(Math.max(50 * p99(alone), 2_000));
  }, 180_000);
