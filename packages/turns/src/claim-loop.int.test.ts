import { silentLog } from '@switchyard/telemetry';
import { USER_TYPES } from '@switchyard/protocol';
import type { UserType } from '@switchyard/protocol';
import { expect } from 'vitest';
import { QUICK, clock, turnsTest as test } from '../test/stage.ts';
import { createScriptStage } from '../test/script-stage.ts';
import { createClaimLoop } from './claim-loop.ts';
import { createSlots } from './slots.ts';
import { bindTurnScripts, loadTurnScripts } from './turn-scripts.ts';
import { workerConfigSchema } from './turns-config.ts';
import { createFenceCounter } from './worker-parts.ts';

const userOf = (type: UserType) => ({ user_id: `u-${type}`, user_type: type, roles: [] });

test('what pops bring and what they found empty needs no claim; a lane that nobody listens to is claimed from', async ({
  stage,
}) => {
  const { keys } = stage;
  await stage.openEpoch();
  await stage.beat();
  const s = createScriptStage(stage);
  const open = async () => {
    const connection = await stage.connect('claim');
    return { connection, scripts: bindTurnScripts(loadTurnScripts(), connection, keys.prefix) };
  };
  const hot = await open();
  let claims = 0;
  const claim: typeof hot.scripts.claim = (args) => {
    claims += 1;
    return hot.scripts.claim(args);
  };
  const slots = createSlots(6);
  const taken: string[] = [];
  const loop = createClaimLoop({
    workerId: 'w-idle',
    rows: stage.rows,
    scripts: stage.scripts,
    keys,
    // Longer than the test: no pop ends by itself.
    config: { ...workerConfigSchema.parse({}), ...QUICK, blockedPop: 300_000 },
    clock,
    log: silentLog,
    onEpoch: () => undefined,
    slots,
    nextFence: createFenceCounter(),
    commands: stage.redis,
    hot: { ...hot, scripts: { ...hot.scripts, claim } },
    lanes: await Promise.all(USER_TYPES.map(async (lane) => ({ lane, ...(await open()) }))),
    onTask: (task) => void taken.push(task.taskId),
    epochSettled: () => Promise.resolve(),
  });
  loop.start();
  const enqueue = async (turn: string) => {
    await s.enqueue(turn, { conversation_id: `c-${turn}`, user: userOf('registered') });
    await expect.poll(() => taken.includes(`task-${turn}`)).toBe(true);
  };
  await expect.poll(() => slots.free()).toBe(2);
  expect(claims).toBe(1);
  await enqueue('T1');
  await expect.poll(() => slots.free()).toBe(1);
  // A turn ends: all lanes are blocked still.
  slots.release(1);
  await enqueue('T2');
  await expect.poll(() => slots.free()).toBe(1);
  await enqueue('T3');
  await expect.poll(() => slots.free()).toBe(0);
  expect(claims).toBe(1);
  // The last slot is for T4's lane, and nobody listens there after it; what comes while no slot is free is claimed.
  await enqueue('T4');
  await s.enqueue('T5', { conversation_id: 'c-T5', user: userOf('registered') });
  slots.release(2);
  await expect.poll(() => taken).toEqual(['T1', 'T2', 'T3', 'T4', 'T5'].map((turn) => `task-${turn}`));
  expect(claims).toBeGreaterThan(1);
  await loop.stop();
});

/** The answer to UNBLOCK comes over another connection than the pop that it ends, and may be the later of the two. */
test('a slot that comes free while pops are being ended is heard, and what waits is claimed', async ({
  stage,
}) => {
  const { keys, redis } = stage;
  await stage.openEpoch();
  await stage.beat();
  const s = createScriptStage(stage);
  const slots = createSlots(2);
  const open = async () => {
    const connection = await stage.connect('claim');
    return { connection, scripts: bindTurnScripts(loadTurnScripts(), connection, keys.prefix) };
  };
  const client = async (...words: [never, never]) => {
    const reply: unknown = await redis.driver.client(...words);
    await expect.poll(() => slots.free()).toBeGreaterThan(0);
    return reply;
  };
  const commands = { ...redis, driver: Object.assign(Object.create(redis.driver), { client }) };
  const taken: string[] = [];
  const loop = createClaimLoop({
    workerId: 'w-late',
    rows: stage.rows,
    scripts: stage.scripts,
    keys,
    config: { ...workerConfigSchema.parse({}), ...QUICK, blockedPop: 1000 },
    clock,
    log: silentLog,
    onEpoch: () => undefined,
    slots,
    nextFence: createFenceCounter(),
    commands,
    hot: await open(),
    lanes: await Promise.all(USER_TYPES.map(async (lane) => ({ lane, ...(await open()) }))),
    // Both run for ever: no end of a turn wakes the loop.
    onTask: (task) => void taken.push(task.taskId),
    epochSettled: () => Promise.resolve(),
  });
  loop.start();
  await expect.poll(() => slots.free()).toBe(0);
  await s.enqueue('T1', { conversation_id: 'c1', user: userOf('privileged') });
  await expect.poll(() => taken).toEqual(['task-T1']);
  await s.enqueue('T2', { conversation_id: 'c2', user: userOf('registered') });
  await expect.poll(() => taken).toEqual(['task-T1', 'task-T2']);
  await loop.stop();
});
