import { Deadline } from '@switchyard/kernel';
import { expect, test } from 'vitest';
import { createOpenStreams } from './open-streams.ts';

test('a shutdown tells streams a few at a time, spread over the whole time', async () => {
  const streams = createOpenStreams(50);
  const toldAt: number[] = [];
  for (let at = 0; at < 100; at += 1)
    streams.add({ sessionId: `s${at % 5}`, shutDown: () => toldAt.push(performance.now()) });
  streams.beginDrain();
  expect(() => streams.add({ sessionId: 's', shutDown: () => undefined })).toThrow(/shutting down/i);
  await streams.shutDownAll(600, Deadline.in(10_000));
  expect(toldAt).toHaveLength(100);
  // Ten at once, then a tenth of the time before the next.
  for (let at = 10; at < 100; at += 10)
    expect((toldAt[at] ?? 0) - (toldAt[at - 1] ?? 0)).toBeGreaterThanOrEqual(55);
  expect(new Set(toldAt.map((time) => Math.floor(time / 55))).size).toBeGreaterThanOrEqual(9);
});

test('a shutdown that runs out of time does not wait for its spread', async () => {
  const streams = createOpenStreams(50);
  let told = 0;
  for (let at = 0; at < 40; at += 1) streams.add({ sessionId: 's', shutDown: () => (told += 1) });
  const began = performance.now();
  await streams.shutDownAll(60_000, Deadline.in(50));
  expect([told, performance.now() - began < 5000]).toEqual([40, true]);
});
