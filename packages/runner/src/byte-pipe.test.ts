import { duplexPair } from 'node:stream';
import { expect, test } from 'vitest';
import { HostWire } from '../host/host-wire.ts';
import { collect } from '../host/incoming-stream.ts';
import { putParts, takeParts } from '../host/wire-parts.ts';

const WINDOW = 64 * 1024;

function openPair(maxStreams = 8) {
  const [left, right] = duplexPair();
  const broken: string[] = [];
  const open = (socket: typeof left, firstId: 1 | 2) =>
    new HostWire({
      flushes: 'at-end-of-turn',
      socket,
      firstId,
      windowBytes: WINDOW,
      maxStreams,
      maxMessageBytes: 1000,
      read: (message) => message,
      onMessage: () => undefined,
      onBroken: (error) => void broken.push(error.message),
    }).pipe;
  return { near: open(left, 1), far: open(right, 2), left, right, broken };
}

const bytesOf = (length: number) => Uint8Array.from({ length }, (_, at) => at % 251);
async function* chunksOf(...chunks: Uint8Array[]) {
  yield* chunks;
}

test.each([0, 1, WINDOW, 3 * WINDOW + 7])('%i bytes arrive as they were', async (length) => {
  const { near, far } = openPair();
  const sending = near.send(bytesOf(length));
  expect(await collect(far.open(sending.id), 1e9)).toEqual(bytesOf(length));
  await sending.done;
});

test('many streams at once, both ways, do not mix', async () => {
  const { near, far } = openPair();
  const rounds = [1, 2, 3, 4].map(async (n) => {
    const [there, back] = [bytesOf(n * 100_000), bytesOf(n * 70_000)];
    const [out, home] = [near.send(chunksOf(there.subarray(0, 5), there.subarray(5))), far.send(back)];
    expect(await Promise.all([collect(far.open(out.id), 1e9), collect(near.open(home.id), 1e9)])).toEqual([
      there,
      back,
    ]);
  });
  await Promise.all(rounds);
});

test('a source is asked for no more than a window beyond what was read', async () => {
  const { near, far } = openPair();
  let given = 0;
  const endless = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        given += 8192;
        controller.enqueue(new Uint8Array(8192));
      },
    },
    { highWaterMark: 0 },
  );
  const sending = near.send(endless);
  const stream = far.open(sending.id);
  await stream.next();
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(given).toBeGreaterThanOrEqual(WINDOW);
  expect(given).toBeLessThanOrEqual(WINDOW + 3 * 32 * 1024);
  await stream.return();
  await sending.done;
});

test('a reader that leaves stops the source, even a quiet one', async () => {
  const { near, far } = openPair();
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  const quiet = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(bytesOf(3)),
    cancel: () => resolve(),
  });
  const sending = near.send(quiet);
  for await (const chunk of far.open(sending.id)) {
    expect(chunk).toEqual(bytesOf(3));
    break;
  }
  await Promise.all([stopped, sending.done]);
});

test('a source that fails is told to the reader', async () => {
  const { near, far } = openPair();
  async function* failing() {
    yield bytesOf(2);
    throw new Error('the disk is gone');
  }
  const stream = far.open(near.send(failing()).id);
  expect((await stream.next()).value).toEqual(bytesOf(2));
  await expect(stream.next()).rejects.toThrow('the disk is gone');
});

test('what is given up before anybody opened it ends', async () => {
  const { near } = openPair();
  const sending = near.send(bytesOf(1));
  sending.cancel('not wanted');
  await sending.done;
});

test('a gone other side ends what is open', async () => {
  const { near, far, left } = openPair();
  const reading = collect(far.open(near.send(new ReadableStream<Uint8Array>()).id), 10);
  left.destroy();
  far.close(new Error('gone'));
  await expect(reading).rejects.toThrow('gone');
});

test('whole bytes have a bound', async () => {
  const { near, far } = openPair();
  await expect(collect(far.open(near.send(bytesOf(WINDOW * 2)).id), WINDOW)).rejects.toThrow(/send a stream/);
});

function frame(type: number, id: number, body: Buffer): Buffer {
  const header = Buffer.alloc(9);
  header[0] = type;
  header.writeUInt32BE(id, 1);
  header.writeUInt32BE(body.length, 5);
  return Buffer.concat([header, body]);
}

test.each([
  ['bytes that nobody asked for', [frame(0, 7, Buffer.from('x'))]],
  ['a frame that is too long', [frame(0, 1, Buffer.alloc(40_000))]],
  ['more than its credit', [1, 2, 3].map(() => frame(0, 1, Buffer.alloc(32 * 1024)))],
  ['an unknown type', [frame(9, 1, Buffer.alloc(0))]],
])('%s breaks the pipe', async (_what, frames) => {
  const { far, left, broken } = openPair();
  const reading = far.open(1);
  for (const one of frames) left.write(one);
  await expect.poll(() => broken.length).toBe(1);
  await expect(collect(reading, 1e9)).rejects.toThrow();
});

test('parts leave a message and come back to their places', async () => {
  const { near, far } = openPair();
  const given = { a: [1, bytesOf(5)], b: { body: chunksOf(bytesOf(2)) }, c: 'text' };
  const { value, found } = takeParts(given);
  expect(value).toEqual({ a: [1, null], b: { body: null }, c: 'text' });
  const parts = found.map(({ at, as, source }) => ({ at, as, id: near.send(source).id }));
  const back = (await putParts(JSON.parse(JSON.stringify(value)), parts, far, 1e6)) as typeof given;
  expect(back.a[1]).toEqual(bytesOf(5));
  for await (const chunk of back.b.body) expect(chunk).toEqual(bytesOf(2));
});

test('what holds no parts is not copied', () => {
  const given = { a: [{ b: 1 }] };
  expect(takeParts(given).value).toBe(given);
});

test.each([
  ['a place that is taken', ['a']],
  ['a place that is none', ['b', 'c']],
  ['what every object inherits', ['__proto__']],
])('a part cannot take %s', async (_what, at) => {
  const { near, far } = openPair();
  const part = { at, as: 'stream' as const, id: near.send(bytesOf(1)).id };
  await expect(putParts({ a: 1, b: null }, [part], far, 10)).rejects.toThrow('no place');
});
