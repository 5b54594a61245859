import { silentLog } from '@switchyard/telemetry';
import { describe, expect } from 'vitest';
import { payloadOf } from '../test/fixtures.ts';
import { clock, turnsTest as test } from '../test/stage.ts';
import type { Stage } from '../test/stage.ts';
import { createCompletion } from './completion.ts';
import { createReconciler } from './reconciler.ts';
import { CANCELLED } from './terminal-event.ts';
import { workerConfigSchema } from './turns-config.ts';

/** One pass, in which rows count as forgotten at once. */
function passOf({ rows, scripts, keys, redis, sql }: Stage): () => Promise<void> {
  const config = { ...workerConfigSchema.parse({}), lease: 0, reconcileAfter: 0 };
  const parts = {
    workerId: 'w',
    rows,
    scripts,
    keys,
    config,
    clock,
    log: silentLog,
    onEpoch: () => undefined,
  };
  return createReconciler({ ...parts, connection: redis, completion: createCompletion(parts), sql });
}

describe('the reconciler', () => {
  test('closes the row of a steer that was told and dropped by a worker that died then', async ({
    stage,
  }) => {
    await stage.openEpoch();
    await stage.rows.insert(payloadOf('S1', { kind: 'steer' }));
    await stage.redis.driver.set(stage.keys.told('S1'), 'chat_service');
    await passOf(stage)();
    expect(await stage.status('S1')).toBe('cancelled');
    expect(await stage.story('S1')).toEqual([]);
  });

  test('tells a steer whose row is over and that nobody told', async ({ stage }) => {
    await stage.openEpoch();
    await stage.rows.insert(payloadOf('S1', { kind: 'steer' }));
    await stage.rows.cancel(['S1'], CANCELLED);
    await passOf(stage)();
    expect(await stage.story('S1')).toEqual(['chat_error cancelled']);
    await passOf(stage)();
    expect(await stage.story('S1')).toEqual(['chat_error cancelled']);
  });
});
