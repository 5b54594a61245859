import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import type { BytePipe } from '../host/byte-pipe.ts';
import { HostInvocation } from './host-invocation.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as (options: { type: 'minor' }) => void;

const INVOCATIONS = 2000;
/** Of numbers: 8 KB. */
const PAYLOAD_LENGTH = 1000;

const invoke = async (id: number): Promise<void> => {
  const payload = Array.from({ length: PAYLOAD_LENGTH }, () => id + 0.5);
  const running = new HostInvocation({
    id,
    invocation: {
      kind: 'operation',
      payload,
      signal: new AbortController().signal,
      onEvent: async () => undefined,
      onCall: async () => undefined,
      onLog: () => undefined,
    },
    pipe: {} as BytePipe,
    scratchDir: '',
    maxFileBytes: 1,
    maxWholeBytes: 1,
    limits: { timeoutMs: 60_000 },
    maxQueuedBytes: 1,
    ackFromBytes: 1,
    send: () => undefined,
    violated: () => undefined,
    graceMs: 1,
    overdue: () => undefined,
  });
  running.start();
  await running.result({ kind: 'result', id, value: id });
  running.end();
  expect(await running.answer).toBe(id);
};

const usedBytes = (): number => {
  collect({ type: 'minor' });
  collect({ type: 'minor' });
  return getHeapSpaceStatistics().reduce((sum, { space_used_size: used }) => sum + used, 0);
};

test('an invocation that is over is young garbage: nothing of it waits for the collection of the old', async () => {
  await invoke(0);
  const before = usedBytes();
  for (let id = 1; id <= INVOCATIONS; id += 1) {
    await invoke(id);
    // As under load: it lives while the young are collected.
    if (id % 50 === 0) collect({ type: 'minor' });
  }
  // An eighth of what they were.
  expect(usedBytes() - before).toBeLessThan((INVOCATIONS * PAYLOAD_LENGTH * 8) / 8);
});
