import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { isAlive, waitGone } from './process-identity.ts';
import type { ProcessIdentity } from './process-identity.ts';
import { freePort, isPortFree } from './free-port.ts';
import { startRedisServer } from './redis-server.ts';
import { startServiceProcess } from './service-process.ts';
import { createSupervisedService, decideRestartDelay } from './supervisor.ts';
import type { SupervisorEvents } from './supervisor.ts';

const fixture = (file: string): string => fileURLToPath(new URL(`../test/${file}`, import.meta.url));

const supervise = (mode: string, isRestarted: boolean, events: SupervisorEvents = {}) =>
  createSupervisedService(
    {
      name: 'fake',
      launch: () =>
        startServiceProcess({
          name: 'fake',
          entry: fixture('fake-service.mjs'),
          env: { MODE: mode },
          cwd: '/',
          readyMs: mode === 'never-ready' ? 200 : 10_000,
          stopGraceMs: 300,
          onLine: () => {},
        }),
    },
    { isRestarted, events },
  );

test('delays grow and stay bounded', () => {
  expect([1, 2, 3, 6, 50].map(decideRestartDelay)).toEqual([500, 1000, 2000, 15_000, 15_000]);
});

test('a service that dies is started again with a word about it', async () => {
  const died = Promise.withResolvers<unknown[]>();
  const back = Promise.withResolvers<ProcessIdentity>();
  const service = supervise('good', true, {
    onDied: (...words) => died.resolve(words),
    onRestarted: (_name, life) => back.resolve(life.identity),
  });
  await service.start();
  const first = service.current()?.identity;
  await service.kill();
  expect(await died.promise).toEqual(['fake', 'SIGKILL', 500]);
  const second = await back.promise;
  expect(second.pid).not.toBe(first?.pid);
  await service.stop();
  expect(isAlive(second)).toBe(false);
});

test('a Redis of ours that dies comes back on its port', async () => {
  const [dir, port] = [await mkdtemp(join(tmpdir(), 'switchyard-redis-')), await freePort()];
  const back = Promise.withResolvers<ProcessIdentity>();
  const redis = createSupervisedService(
    { name: 'redis', launch: () => startRedisServer({ dir, port, path: process.env['PATH'] ?? '' }) },
    { isRestarted: true, events: { onRestarted: (_name, life) => back.resolve(life.identity) } },
  );
  await redis.start();
  await redis.kill();
  const second = await back.promise;
  expect([isAlive(second), await isPortFree(port)]).toEqual([true, false]);
  await redis.stop();
  expect(isAlive(second)).toBe(false);
  await rm(dir, { recursive: true });
});

test('a stop while it waits for the next start is final', async () => {
  const died = Promise.withResolvers<void>();
  const service = supervise('good', true, {
    onDied: () => died.resolve(),
    onRestarted: () => expect.unreachable('it was stopped'),
  });
  await service.start();
  await service.kill();
  await died.promise;
  await service.stop();
  await new Promise((resolve) => setTimeout(resolve, decideRestartDelay(1) + 200));
  expect(service.current()).toBeUndefined();
});

test('without supervision a killed service stays gone until it is started', async () => {
  const service = supervise('good', false);
  await service.start();
  await service.kill();
  expect(service.current()).toBeUndefined();
  await service.start();
  expect(service.current()).toBeDefined();
  await service.stop();
});

test('one that ignores SIGTERM is killed after its grace time', async () => {
  const service = supervise('stubborn', true);
  await service.start();
  const identity = service.current()?.identity;
  await service.stop();
  expect(identity && isAlive(identity)).toBe(false);
});

test('a start that fails says what the service said', async () => {
  await expect(supervise('dies-at-start', true).start()).rejects.toThrow(
    /ended before it was ready \(3\).*cannot open the thing/s,
  );
  await expect(supervise('never-ready', true).start()).rejects.toThrow('was not ready after 0.2 s');
});

test.each(['good', 'stubborn'])('a killed launcher leaves nothing behind (%s service)', async (mode) => {
  const launcher = spawn(process.execPath, [fixture('fake-launcher.ts'), mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(launcher.stdout, 'data')) as [Buffer];
  const identities = JSON.parse(line.toString()) as ProcessIdentity[];
  expect(identities.every(isAlive)).toBe(true);
  launcher.kill('SIGKILL');
  for (const identity of identities) expect(await waitGone(identity, 5000)).toBe(true);
});
