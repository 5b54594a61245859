import type { RunEvent } from '@switchyard/protocol';
import { expect, test } from 'vitest';
import { OutputGate } from './output-gate.ts';

function open(maxBytes: number) {
  const said: string[] = [];
  let full = 0;
  const send = async (event: RunEvent) =>
    void (event.type === 'output' && said.push(`${event.stream}:${event.text}`));
  return { gate: new OutputGate({ maxBytes, send, full: () => void (full += 1) }), said, full: () => full };
}

test('a character that comes in two pieces is one', async () => {
  const { gate, said } = open(100);
  const bytes = Buffer.from('aö€');
  for (const byte of bytes) await gate.take('stdout', Buffer.from([byte]));
  await gate.take('stderr', bytes.subarray(0, 2));
  await gate.end();
  expect(said.join('')).toBe('stdout:astdout:östdout:€stderr:astderr:\ufffd');
});

test('both streams share the bound; behind it stands a mark, once', async () => {
  const { gate, said, full } = open(4);
  await gate.take('stdout', Buffer.from('abc'));
  await gate.take('stderr', Buffer.from('d'));
  expect(full()).toBe(0);
  await gate.take('stderr', Buffer.from('€'));
  await gate.take('stdout', Buffer.from('f'));
  await gate.end();
  expect([said, full()]).toEqual([
    ['stdout:abc', 'stderr:d', 'stderr:\n[cut: a program may print 4 bytes]\n'],
    1,
  ]);
});
