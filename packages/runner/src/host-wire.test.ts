import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { HostWire } from '../host/host-wire.ts';
import type { HostWireOptions } from '../host/host-wire.ts';
import { collect } from '../host/incoming-stream.ts';

type Message = { readonly kind: unknown };

function openSide(
  socket: Duplex,
  firstId: 1 | 2,
  flushes: HostWireOptions<Message>['flushes'] = 'at-once-then-at-end-of-turn',
) {
  const heard: Message[] = [];
  const broken: string[] = [];
  const wire = new HostWire<Message, Message & Record<string, unknown>>({
    socket,
    flushes,
    firstId,
    windowBytes: 64 * 1024,
    maxStreams: 8,
    maxMessageBytes: 1_000_000,
    read: (message) => message,
    onMessage: (message) => void heard.push(message),
    onBroken: (error) => void broken.push(error.message),
  });
  return { wire, heard, broken, socket };
}

function openPair() {
  const [left, right] = duplexPair();
  return { near: openSide(left, 1), far: openSide(right, 2) };
}

test('messages of any length arrive in order beside bytes', async () => {
  const { near, far } = openPair();
  const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => at % 251);
  const reading = collect(far.wire.pipe.open(near.wire.pipe.send(bytes).id), 1e9);
  const texts = ['', 'é'.repeat(40_000), 'x', 'y'.repeat(32 * 1024 * 3), '𝄞'.repeat(9000)];
  for (const text of texts) {
    near.wire.channel.send({ kind: 'log', text });
    await Promise.resolve();
  }
  expect(await reading).toEqual(bytes);
  await expect.poll(() => far.heard).toEqual(texts.map((text) => ({ v: 1, kind: 'log', text })));
  await expect.poll(() => near.wire.channel.backlog).toBe(0);
});

test.each([
  ['at-end-of-turn', [['a', 'b', 'c']]],
  ['at-once-then-at-end-of-turn', [['a', 'b'], ['c']]],
] as const)('what is sent in a turn of the loop is written %s', async (flushes, expected) => {
  const [left, right] = duplexPair();
  const { wire } = openSide(left, 1, flushes);
  const written: string[][] = [];
  right.on('data', (chunk: Buffer) => {
    written.push([...chunk.toString('latin1').matchAll(/"text":"(\w)"/g)].map((match) => match[1] ?? ''));
  });
  const turn = async (...texts: string[]): Promise<void> => {
    const [first = '', ...others] = texts;
    for (const text of [first, ...others.splice(0, 1)]) wire.channel.send({ kind: 'log', text });
    await new Promise<void>((resolve) => process.nextTick(resolve));
    for (const text of others) wire.channel.send({ kind: 'log', text });
    await new Promise<void>((resolve) => setImmediate(resolve));
  };
  await turn('a', 'b', 'c');
  await expect.poll(() => written.flat()).toEqual(['a', 'b', 'c']);
  expect(written).toEqual(expected);
  await turn('d', 'e', 'f');
  await expect.poll(() => written.flat()).toEqual('abcdef'.split(''));
});

test('it does not matter where what comes is cut', async () => {
  const sent: Buffer[] = [];
  const { near, far } = openPair();
  far.socket.removeAllListeners('data').on('data', (chunk: Buffer) => void sent.push(chunk));
  near.wire.channel.send({ kind: 'pong', id: 1 });
  near.wire.channel.send({ kind: 'log', text: 'é' });
  await expect.poll(() => sent.length).toBeGreaterThan(0);
  const whole = Buffer.concat(sent);
  for (let at = 0; at <= whole.length; at += 1) {
    const [left, right] = duplexPair();
    const side = openSide(right, 2);
    left.write(whole.subarray(0, at));
    left.write(whole.subarray(at));
    await expect.poll(() => side.heard.length, { interval: 1 }).toBe(2);
    expect(side.heard[1]).toEqual({ v: 1, kind: 'log', text: 'é' });
  }
});

test('what is no message ends the wire, and the streams on it', async () => {
  const { near, far } = openPair();
  const reading = collect(far.wire.pipe.open(1), 10);
  reading.catch(() => undefined);
  near.socket.write(Buffer.concat([Buffer.from([5, 0, 0, 0, 0, 0, 0, 0, 3]), Buffer.from('{}\n')]));
  await expect.poll(() => far.broken).toEqual(['not a message of the host channel']);
  await expect(reading).rejects.toThrow('not a message');
});
