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
