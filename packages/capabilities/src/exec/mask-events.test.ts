import type { RunEvent } from '@switchyard/protocol';
import { expect, test } from 'vitest';
import { createSecretMasks } from '../secret-masks.ts';
import { maskEvents } from './mask-events.ts';

const output = (text: string, stream: 'stdout' | 'stderr' = 'stdout'): RunEvent => ({
  type: 'output',
  stream,
  text,
});
const END: RunEvent = {
  type: 'end',
  exit_code: 0,
  signal: null,
  cause: 'exit',
  left_out: ['secret-word'],
  ms: 1,
};

async function masked(...events: RunEvent[]): Promise<RunEvent[]> {
  const masks = createSecretMasks();
  masks.learn('b', 'secret-word');
  const told: RunEvent[] = [];
  for await (const event of maskEvents(toStream(events), (value) => masks.masked('b', value)))
    told.push(event);
  return told;
}

async function* toStream(events: readonly RunEvent[]): AsyncGenerator<RunEvent> {
  yield* events;
}

test('a value that the pipe cut in two is masked; lines of both streams keep apart', async () => {
  const told = await masked(
    output('a secret'),
    output('b\n', 'stderr'),
    output('-word\nnext'),
    output(' secret-word'),
    END,
  );
  expect(told).toEqual([
    output('b\n', 'stderr'),
    output('a ***\n'),
    output('next ***'),
    { ...END, left_out: ['***'] },
  ]);
});

test('a line without end is told in pieces', async () => {
  const told = await masked(output('x'.repeat(8000)), output('x'.repeat(8000)), END);
  expect(told[0]).toEqual(output('x'.repeat(16_000)));
});
