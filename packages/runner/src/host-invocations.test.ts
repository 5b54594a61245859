import { expect, test } from 'vitest';
import type { BytePipe } from '../host/byte-pipe.ts';
import { InFlightNumbers, PLACES } from '../host/in-flight.ts';
import { HostInvocations } from './host-invocations.ts';
import { DEFAULT_RUNNER_CONFIG } from './runner-config.ts';
import { ScratchFolders } from './scratch-folders.ts';

test('what is over gives its place back, by its result as by the end of its host', async () => {
  const numbers = new InFlightNumbers();
  const sent: number[] = [];
  let over = 0;
  const invocations = new HostInvocations({
    config: DEFAULT_RUNNER_CONFIG,
    pipe: {} as BytePipe,
    numbers,
    scratch: new ScratchFolders('/nowhere', { keepFiles: false }),
    send: (message) => void ('id' in message && sent.push(message.id)),
    violated: () => undefined,
    overdue: () => undefined,
    over: (told) => {
      over += 1;
      told();
    },
  });
  const start = () =>
    invocations.start(
      {
        kind: 'operation',
        payload: {},
        signal: new AbortController().signal,
        onEvent: async () => undefined,
        onCall: async () => undefined,
        onLog: () => undefined,
      },
      {},
      () => undefined,
    );
  const first = start();
  const id = sent[0] ?? 0;
  const running = invocations.get(id);
  if (running !== undefined) await invocations.result(running, { kind: 'result', id, value: 7 });
  expect(await first).toBe(7);
  const second = start();
  expect((sent[1] ?? 0) % PLACES).toBe(id % PLACES);
  invocations.fail(new Error('the host has ended'));
  await expect(second).rejects.toThrow('the host has ended');
  expect([over, invocations.count, numbers.take() % PLACES]).toEqual([2, 0, id % PLACES]);
});
