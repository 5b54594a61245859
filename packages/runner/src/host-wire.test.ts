import { duplexPair } from 'node:stream';
import type { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { HostWire } from '../host/host-wire.ts';
import { collect } from '../host/incoming-stream.ts';

type Message = { readonly kind: unknown };

function openSide(socket: Duplex, firstId: 1 | 2) {
  const heard: Message[] = [];
  const broken: string[] = [];
  const wire = new HostWire<Message, Message & Record<string, unknown>>({
    socket,
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

test('calls and their results of one turn of the loop are one write; words leave with their tick', async () => {
  const { near, far } = openPair();
  const chunks: Buffer[] = [];
  far.socket.removeAllListeners('data').on('data', (chunk: Buffer) => void chunks.push(chunk));
  const textOf = (chunk: Buffer | undefined) => chunk?.toString() ?? '';
  for (let id = 1; id <= 3; id += 1) {
    near.wire.channel.send({ kind: 'invoke', id });
    await Promise.resolve();
  }
  await expect.poll(() => chunks.length).toBe(1);
  expect(textOf(chunks[0]).match(/invoke/gu)).toHaveLength(3);
  // A word takes along what waits, in order, and what announces a stream waits for nobody.
  near.wire.channel.send({ kind: 'result', id: 1 });
  near.wire.channel.send({ kind: 'event', id: 2 });
  await Promise.resolve();
  expect(near.wire.channel.backlog).toBeGreaterThan(0);
  await expect.poll(() => chunks.length).toBe(2);
  expect(textOf(chunks[1])).toMatch(/result[\s\S]*event/u);
  let isFlushed = false;
  setImmediate(() => (isFlushed = true));
  far.socket.on('data', () => expect(isFlushed).toBe(false));
  near.wire.channel.send({ kind: 'invoke', id: 4, parts: [] });
  await expect.poll(() => chunks.length).toBe(3);
});

test('what is no message ends the wire, and the streams on it', async () => {
  const { near, far } = openPair();
  const reading = collect(far.wire.pipe.open(1), 10);
  reading.catch(() => undefined);
  near.socket.write(Buffer.concat([Buffer.from([5, 0, 0, 0, 0, 0, 0, 0, 3]), Buffer.from('{}\n')]));
  await expect.poll(() => far.broken).toEqual(['not a message of the host channel']);
  await expect(reading).rejects.toThrow('not a message');
});
