import { silentLog } from '@switchyard/telemetry';
import { expect } from 'vitest';
import { record } from '../test/fixtures.ts';
import { clock, ids, turnsTest as test } from '../test/stage.ts';
import { createCompletion } from './completion.ts';
import { rebuild } from './rebuild.ts';
import { workerConfigSchema } from './turns-config.ts';

test('a turn whose row ended, but whose end nobody heard of, is told before the next one of its conversation', async ({
  stage,
}) => {
  await stage.openEpoch();
  await stage.beat();
  const { ack } = await stage.turns.accept(stage.request());
  const next = await stage.turns.accept(stage.request({ text: 'next' }));
  await stage.rows.start({ turnId: ack.turn_id, fence: 'w:1' });
  const end = { status: 'completed' as const, answer: record('a'), answerText: 'a', error: null };
  await stage.rows.end({ turnId: ack.turn_id, fence: 'w:1', ...end });
  await stage.redis.driver.hset(stage.keys.epoch(), 'run_id', 'another');
  const { rows, scripts, keys } = stage;
  const config = { ...workerConfigSchema.parse({}), lease: 1 };
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
  const options = { ...parts, connection: stage.redis, completion: createCompletion(parts), ids };
  await rebuild(options, () => 8, new AbortController().signal);
  expect(await stage.story(ack.turn_id)).toContain('chat_complete');
  const log = await stage.log();
  const told = log.findIndex((line) => line.event === 'chat_complete');
  const begun = log.findLastIndex((line) => line.turnId === next.ack.turn_id);
  expect(told).toBeLessThan(begun);
  expect(log[begun]?.body.data['state']).toBe('in_progress');
});
