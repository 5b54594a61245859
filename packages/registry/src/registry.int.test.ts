import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Deadline, Scope, createIds, systemClock } from '@switchyard/kernel';
import { connectRedis, createKeys, createSubscriber } from '@switchyard/redis';
import { createRunner } from '@switchyard/runner';
import type { Runner } from '@switchyard/runner';
import { createBundles } from '@switchyard/store';
import { createMetrics, silentLog } from '@switchyard/telemetry';
import { PROGRAMS_DIR, platformTest } from '@switchyard/testkit';
import { expect, vi } from 'vitest';
import { createFileBundleStore } from './file-bundle-store.ts';
import { createRegistry } from './registry.ts';
import type { Registry } from './registry.ts';

const bundleText = (says: string, id = 'hello'): string => `
import { defineBundle } from '@switchyard/bundle-sdk';
export default defineBundle({
  id: '${id}', name: '${says}',
  async executeCore(turn) {
    await turn.delta('${says} ');
    while (turn.message === 'wait' && (await turn.takeNextContinuation()) === null) await new Promise((resolve) => setTimeout(resolve, 5));
    await turn.delta('${says}');
  },
});
`;

interface Rig {
  /** Writes the source of a bundle and returns its folder. */
  write(text: string, name?: string): Promise<string>;
  storeDir: string;
  /** One more worker on the same stores. */
  worker(options?: {
    storeDir?: string;
    refreshMs?: number;
    keepVersions?: number;
    keepRecords?: number;
    /** Its subscription is gone: it hears of no publication. */
    isDeaf?: boolean;
  }): Promise<{ registry: Registry; runner: Runner }>;
}

const test = platformTest.extend<{ rig: Rig }>({
  rig: async ({ redis, postgres }, use) => {
    const scope = new Scope();
    const root = await mkdtemp(path.join(tmpdir(), 'switchyard-registry-'));
    scope.defer(() => rm(root, { recursive: true, force: true }));
    const at = { tenant: redis.tenant, project: redis.project };
    const storeDir = path.join(root, 'store');
    await use({
      storeDir,
      async write(text, name = 'hello') {
        const dir = path.join(root, 'source', name);
        await mkdir(dir, { recursive: true });
        await writeFile(path.join(dir, 'bundle.ts'), text);
        return dir;
      },
      async worker(options = {}) {
        const connect = (kind: 'commands' | 'subscriber') =>
          scope.use(connectRedis({ url: redis.url, name: 'test', kind }), (one) => one.close());
        const runner = createRunner({
          clock: systemClock,
          log: silentLog,
          metrics: createMetrics({ service: 'test' }),
          config: { sandbox: 'permission', programsDir: PROGRAMS_DIR },
        });
        const subscribing = await connect('subscriber');
        const registry = createRegistry({
          sql: postgres.sql,
          bundles: createBundles(postgres.sql, at),
          runner,
          redis: await connect('commands'),
          subscriber: createSubscriber(subscribing),
          keys: createKeys(at),
          scope: at,
          clock: systemClock,
          log: silentLog,
          bundleStore: createFileBundleStore({
            dir: options.storeDir ?? storeDir,
            token: createIds(systemClock, randomBytes).token(9),
          }),
          ...options,
        });
        scope.defer(() => runner.stop(Deadline.in(2_000)));
        await runner.start();
        scope.defer(() => registry.stop(Deadline.in(2_000)));
        await registry.start();
        if (options.isDeaf === true) await subscribing.close();
        return { registry, runner };
      },
    });
    await scope.close();
  },
});

/** Asks the version that serves now; `release` lets a waiting turn end. */
function ask({ registry, runner }: { registry: Registry; runner: Runner }, message: string) {
  let said = '';
  let isReleased = false;
  const started = Promise.withResolvers<void>();
  const run = async (): Promise<string> => {
    const hold = await registry.hold('hello');
    try {
      await runner.invoke(hold.version, {
        kind: 'turn',
        payload: {
          turn_id: 't',
          conversation_id: 'c',
          bundle_id: 'hello',
          message,
          events: [],
          attachments: [],
          history: [],
          user: { user_id: 'u', user_type: 'registered', roles: [] },
          conversation: { is_new: true },
        },
        signal: new AbortController().signal,
        onEvent: async (event) => {
          if (event.kind === 'delta') said += event.text;
          started.resolve();
        },
        onCall: async () =>
          isReleased ? { kind: 'followup', turn_id: 'x', message: '', events: [], attachments: [] } : null,
        onLog: () => undefined,
      });
      return said;
    } finally {
      hold.release();
    }
  };
  return { answer: run(), started: started.promise, release: () => void (isReleased = true) };
}

test('a folder becomes a version that answers; the same content again changes nothing', async ({ rig }) => {
  const worker = await rig.worker();
  const dir = await rig.write(bundleText('one'));
  const first = await worker.registry.register({ dir, ref: 'folder', activate: 'always' });
  expect(first).toMatchObject({ bundleId: 'hello', isNew: true });
  expect(first.versionId).toMatch(/^hello__folder__[0-9a-f]{16}$/u);
  expect((await worker.registry.resolve('hello')).manifest.name).toBe('one');
  expect(await ask(worker, 'go').answer).toBe('one one');
  expect(await worker.registry.register({ dir, ref: 'folder', activate: 'always' })).toEqual({
    ...first,
    isNew: false,
  });
  await expect(worker.registry.resolve('nobody')).rejects.toMatchObject({ code: 'BUNDLE_UNAVAILABLE' });
  await expect(worker.registry.resolve(undefined)).rejects.toMatchObject({ code: 'BUNDLE_UNAVAILABLE' });
  expect(await worker.registry.setDefault('nobody')).toBe(false);
  expect(await worker.registry.setDefault('hello')).toBe(true);
  expect((await worker.registry.resolve(undefined)).version.versionId).toBe(first.versionId);
});

test('a version that does not load leaves the old one serving and says why', async ({
  rig,
  postgres,
  redis,
}) => {
  const worker = await rig.worker();
  const good = await worker.registry.register({
    dir: await rig.write(bundleText('one')),
    ref: 'folder',
    activate: 'always',
  });
  const bundles = createBundles(postgres.sql, { tenant: redis.tenant, project: redis.project });
  const bad = [
    "throw new Error('the moon is missing');",
    'this is no TypeScript',
    'export default 5;',
    ...[1, 2, 3, 4].map((time) => `throw new Error('still broken, time ${time}');`),
    bundleText('other', 'goodbye'),
  ];
  for (const text of bad) {
    const dir = await rig.write(text);
    await expect(worker.registry.register({ dir, ref: 'folder', activate: 'always' })).rejects.toThrow();
    expect(await ask(worker, 'go').answer).toBe('one one');
  }
  const versions = await bundles.listVersions('hello', 10);
  expect(versions.map((version) => version.status)).toEqual([...bad.map(() => 'failed'), 'ready']);
  expect(versions.some((version) => version.error?.includes('the moon is missing'))).toBe(true);
  expect(versions[0]?.error).toContain('"goodbye"');
  expect((await bundles.find('hello'))?.active_version).toBe(good.versionId);
  await vi.waitFor(() => {
    expect(worker.runner.snapshot().map((host) => host.versionId)).toEqual([good.versionId]);
  });
});

test('running turns end on the old version, new ones start on the new one, then the old host goes', async ({
  rig,
}) => {
  const worker = await rig.worker();
  const old = await worker.registry.register({
    dir: await rig.write(bundleText('one')),
    ref: 'folder',
    activate: 'always',
  });
  const waiting = Array.from({ length: 8 }, () => ask(worker, 'wait'));
  await Promise.all(waiting.map((one) => one.started));
  const next = await worker.registry.register({
    dir: await rig.write(bundleText('two')),
    ref: 'folder',
    activate: 'always',
  });
  expect(await ask(worker, 'go').answer).toBe('two two');
  expect(worker.runner.snapshot().map((host) => host.versionId)).toContain(old.versionId);
  for (const one of waiting) one.release();
  expect(await Promise.all(waiting.map((one) => one.answer))).toEqual(waiting.map(() => 'one one'));
  await vi.waitFor(
    () => expect(worker.runner.snapshot().map((host) => host.versionId)).toEqual([next.versionId]),
    { timeout: 5_000 },
  );
});

test('switching under load: nothing is lost and nothing is a mixture', async ({ rig }) => {
  const worker = await rig.worker();
  const answers: Promise<string>[] = [];
  for (let round = 0; round < 5; round += 1) {
    const dir = await rig.write(bundleText(`v${round}`));
    const registering = worker.registry.register({ dir, ref: 'folder', activate: 'always' });
    if (round > 0) for (let at = 0; at < 20; at += 1) answers.push(ask(worker, 'go').answer);
    await registering;
    for (let at = 0; at < 20; at += 1) answers.push(ask(worker, 'go').answer);
  }
  for (const answer of await Promise.all(answers)) {
    const [first, second] = answer.split(' ');
    expect(second).toBe(first);
    expect(first).toMatch(/^v\d$/u);
  }
  expect(await ask(worker, 'go').answer).toBe('v4 v4');
});

test('another worker follows: by the publication, and by reading again when it was lost', async ({ rig }) => {
  const one = await rig.worker();
  const two = await rig.worker({ refreshMs: 60_000 });
  await one.registry.register({
    dir: await rig.write(bundleText('one')),
    ref: 'folder',
    activate: 'always',
  });
  await vi.waitFor(() => expect(two.registry.served('hello')?.manifest.name).toBe('one'), { timeout: 5_000 });
  expect(await ask(two, 'go').answer).toBe('one one');
  const healing = await rig.worker({ refreshMs: 50, isDeaf: true });
  await one.registry.register({
    dir: await rig.write(bundleText('two')),
    ref: 'folder',
    activate: 'always',
  });
  await vi.waitFor(() => expect(healing.registry.served('hello')?.manifest.name).toBe('two'), {
    timeout: 5_000,
  });
});

test('several workers that start at once register once', async ({ rig, postgres, redis }) => {
  const dir = await rig.write(bundleText('one'));
  const workers = await Promise.all([1, 2, 3].map(() => rig.worker()));
  const results = await Promise.all(
    workers.map(({ registry }) => registry.register({ dir, ref: 'builtin', activate: 'ifChanged' })),
  );
  expect(results.filter((result) => result.isNew)).toHaveLength(1);
  expect(await Promise.all(workers.map((worker) => ask(worker, 'go').answer))).toEqual([
    'one one',
    'one one',
    'one one',
  ]);
  const bundles = createBundles(postgres.sql, { tenant: redis.tenant, project: redis.project });
  expect(await bundles.listVersions('hello', 10)).toHaveLength(1);
  expect((await readdir(rig.storeDir)).filter((name) => !name.startsWith('.in-use'))).toEqual([
    results[0]?.versionId,
  ]);
});

test('a worker that cannot load the new version goes on with the old one and tries again', async ({
  rig,
}) => {
  const one = await rig.worker();
  await one.registry.register({
    dir: await rig.write(bundleText('one')),
    ref: 'folder',
    activate: 'always',
  });
  const two = await rig.worker();
  expect(two.registry.served('hello')?.manifest.name).toBe('one');
  const next = await one.registry.register({
    dir: await rig.write(bundleText('two')),
    ref: 'folder',
    activate: 'always',
  });
  await vi.waitFor(() => expect(two.registry.served('hello')?.manifest.name).toBe('two'));
  const elsewhere = await rig.worker({ storeDir: path.join(rig.storeDir, '../other-store') });
  expect(elsewhere.registry.served('hello')).toBeUndefined();
  expect(elsewhere.registry.failure('hello')).toMatchObject({ versionId: next.versionId });
  await expect(elsewhere.registry.resolve('hello')).rejects.toMatchObject({ code: 'BUNDLE_UNAVAILABLE' });
});

test('a restart with the same source does not undo what an admin chose', async ({ rig }) => {
  const worker = await rig.worker();
  const dir = await rig.write(bundleText('shipped'));
  await worker.registry.register({ dir, ref: 'builtin', activate: 'ifChanged' });
  await worker.registry.register({
    dir: await rig.write(bundleText('chosen'), 'own'),
    id: 'hello',
    ref: 'folder',
    activate: 'always',
  });
  const restarted = await rig.worker();
  await restarted.registry.register({ dir, ref: 'builtin', activate: 'ifChanged' });
  expect((await restarted.registry.resolve('hello')).manifest.name).toBe('chosen');
  await rig.write(bundleText('shipped later'));
  await restarted.registry.register({ dir, ref: 'builtin', activate: 'ifChanged' });
  expect((await restarted.registry.resolve('hello')).manifest.name).toBe('chosen');
});

test('a shipped version that failed to load is tried again at the next start, a rollback is not undone', async ({
  rig,
  postgres,
  redis,
}) => {
  const worker = await rig.worker();
  const builtin = { ref: 'builtin', activate: 'ifChanged' } as const;
  const old = await worker.registry.register({ dir: await rig.write(bundleText('old')), ...builtin });
  const dir = await rig.write(`throw new Error('not yet');`);
  await expect(worker.registry.register({ dir, ...builtin })).rejects.toThrow();
  await expect(worker.registry.register({ dir, ...builtin })).rejects.toThrow();
  const next = await worker.registry.register({ dir: await rig.write(bundleText('next')), ...builtin });
  expect(next.isNew).toBe(true);
  const bundles = createBundles(postgres.sql, { tenant: redis.tenant, project: redis.project });
  await bundles.activate('hello', old.versionId);
  expect((await worker.registry.register({ dir, ...builtin })).isNew).toBe(false);
  expect((await worker.registry.resolve('hello')).manifest.name).toBe('old');
});

test('old versions are removed, but none that is held here or elsewhere', async ({ rig }) => {
  const one = await rig.worker({ keepVersions: 2 });
  const two = await rig.worker({ keepVersions: 2 });
  const ids: string[] = [];
  const register = async (says: string): Promise<void> => {
    ids.push(
      (
        await one.registry.register({
          dir: await rig.write(bundleText(says)),
          ref: 'folder',
          activate: 'always',
        })
      ).versionId,
    );
  };
  const serving = async (): Promise<void> => {
    await vi.waitFor(() => expect(two.registry.served('hello')?.version.versionId).toBe(ids.at(-1)), {
      timeout: 5_000,
    });
  };
  await register('v0');
  await serving();
  const held = await two.registry.hold('hello');
  for (const says of ['v1', 'v2', 'v3']) {
    await register(says);
    await serving();
  }
  await two.registry.reload();
  await one.registry.cleanUp('hello');
  const [first = '', second = '', third = '', fourth = ''] = ids;
  const folders = async () =>
    (await readdir(rig.storeDir)).filter((name) => !name.startsWith('.')).toSorted();
  expect(await folders()).toEqual([first, third, fourth].toSorted());
  expect(await folders()).not.toContain(second);
  held.release();
  await two.registry.reload();
  expect(await one.registry.cleanUp('hello')).toEqual([first]);
  expect(await folders()).toEqual([third, fourth].toSorted());
});

test('of removed versions so many are remembered, and always the one that a source gave last', async ({
  rig,
  postgres,
  redis,
}) => {
  const worker = await rig.worker({ keepVersions: 1, keepRecords: 2 });
  const builtin = { ref: 'builtin', activate: 'ifChanged' } as const;
  const ids: string[] = [];
  for (const says of ['v0', 'v1', 'v2', 'v3', 'v4', 'v5']) {
    const dir = await rig.write(bundleText(says));
    ids.push((await worker.registry.register({ dir, ...builtin })).versionId);
  }
  const bundles = createBundles(postgres.sql, { tenant: redis.tenant, project: redis.project });
  const listed = async () =>
    (await bundles.listVersions('hello', 20)).map(({ version_id: id, status }) => [id, status]);
  await worker.registry.cleanUp('hello');
  expect(await listed()).toEqual([
    [ids[5], 'ready'],
    [ids[4], 'removed'],
    [ids[3], 'removed'],
  ]);
  // The source gives v3 once more, which is older than all others by its row.
  const dir = await rig.write(bundleText('v3'));
  await worker.registry.register({ dir, ...builtin });
  await worker.registry.rollBack('hello', ids[5] ?? '');
  await bundles.forgetRemoved('hello', 0);
  await worker.registry.cleanUp('hello');
  await bundles.forgetRemoved('hello', 0);
  expect(await listed()).toEqual([
    [ids[5], 'ready'],
    [ids[3], 'removed'],
  ]);
  expect((await worker.registry.register({ dir, ...builtin })).isNew).toBe(false);
});

test('copies that a dead process left are removed at start', async ({ rig }) => {
  const [old, fresh] = [path.join(rig.storeDir, '.tmp-dead'), path.join(rig.storeDir, '.tmp-alive')];
  for (const dir of [old, fresh]) await mkdir(dir, { recursive: true });
  await utimes(old, new Date(0), new Date(0));
  await rig.worker();
  expect((await readdir(rig.storeDir)).filter((name) => name.startsWith('.tmp'))).toEqual(['.tmp-alive']);
});
