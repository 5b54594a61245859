import { Deadline, systemClock } from '@switchyard/kernel';
import { createMetrics, silentLog } from '@switchyard/telemetry';
import { afterEach, expect, it } from 'vitest';
import { startHookServer } from '../../test/hook-server.ts';
import type { HookServer } from '../../test/hook-server.ts';
import { createEcsHook } from './ecs-hook.ts';
import { createScaleInProtection } from './scale-in-protection.ts';
import type { ScaleInProtection } from './scale-in-protection.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const says = (isProtected: boolean) => ({
  status: 200,
  body: { protection: { ProtectionEnabled: isProtected } },
});

interface Rig {
  server: HookServer;
  protection: ScaleInProtection;
  metrics: ReturnType<typeof createMetrics>;
  /** What the agent was told so far. */
  told(): boolean[];
}

/** An agent that agrees to everything, until a test says otherwise. `expiresMs`: as if it forgot sooner than a minute. */
async function openRig({ lingerMs = 1, limitMs = 5000, expiresMs = 600_000 } = {}): Promise<Rig> {
  const server = await startHookServer('http', says(true));
  const ecs = createEcsHook({ agentUri: server.url, expiresMs: 60_000 });
  const hook = {
    ...ecs,
    expiresMs,
    set: (isProtected: boolean, signal: AbortSignal) => {
      if (server.answer !== 'silence' && server.answer.status === 200) server.answer = says(isProtected);
      return ecs.set(isProtected, signal);
    },
  };
  const metrics = createMetrics({ service: 'test' });
  const options = { hook, lingerMs, limitMs, clock: systemClock, random: () => 0, log: silentLog, metrics };
  const protection = createScaleInProtection(options);
  closers.push(
    () => protection.stop(Deadline.in(100)),
    () => server.close(),
  );
  const told = () =>
    server.heard.map(({ body }) => (body as { ProtectionEnabled: boolean }).ProtectionEnabled);
  return { server, protection, metrics, told };
}

it('protects from the first start to the last end, with one request each', async () => {
  const { protection, told, metrics } = await openRig();
  const ends = Array.from({ length: 20 }, () => protection.turnStarted());
  await expect.poll(told).toEqual([true]);
  await expect.poll(() => metrics.text()).toContain('switchyard_proc_scale_in_protected{service="test"} 1');
  for (const end of ends.slice(1)) end();
  const later = protection.turnStarted();
  ends[0]?.();
  ends[0]?.();
  expect(told()).toEqual([true]);
  later();
  await expect.poll(told).toEqual([true, false]);
  await expect.poll(() => metrics.text()).toContain('switchyard_proc_scale_in_protected{service="test"} 0');
});

it('turns that follow one another stay under one protection', async () => {
  const { protection, told } = await openRig({ lingerMs: 60_000 });
  protection.turnStarted()();
  await expect.poll(told).toEqual([true]);
  for (let turn = 0; turn < 10; turn++) protection.turnStarted()();
  await protection.stop(Deadline.in(5000));
  expect(told()).toEqual([true, false]);
});

it('renews before it is forgotten', async () => {
  const { protection, told } = await openRig({ expiresMs: 100 });
  const end = protection.turnStarted();
  await expect.poll(() => told().length).toBeGreaterThanOrEqual(4);
  end();
  await expect.poll(() => told().at(-1)).toBe(false);
  expect(told().slice(0, -1).every(Boolean)).toBe(true);
});

it('asks a few times when it is refused, then waits; a change asks again', async () => {
  const { protection, server, told, metrics } = await openRig();
  server.answer = { status: 500, body: {} };
  const end = protection.turnStarted();
  const failures = async () => Number(/failures_total\{.*\} (\d+)/.exec(await metrics.text())?.[1]);
  await expect.poll(failures).toBe(4);
  expect(told()).toEqual([true, true, true, true]);
  server.answer = says(false);
  end();
  await expect.poll(told).toEqual([true, true, true, true, false]);
});

it('a silent agent holds up no turn, and no stop beyond its limit', async () => {
  const { protection, server, told } = await openRig({ limitMs: 100 });
  server.answer = 'silence';
  protection.turnStarted()();
  await expect.poll(() => told().length).toBeGreaterThan(0);
  await protection.stop(Deadline.in(5000));
  const count = told().length;
  protection.turnStarted()();
  expect(told()).toHaveLength(count);
});

it('a stop in the middle of a turn takes the protection away', async () => {
  const { protection, told } = await openRig();
  protection.turnStarted();
  await expect.poll(told).toEqual([true]);
  await protection.stop(Deadline.in(5000));
  expect(told()).toEqual([true, false]);
});
