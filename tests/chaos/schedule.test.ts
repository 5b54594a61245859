import { createServer, connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { CATALOGUE } from './faults/catalogue.ts';
import { planFaults } from './schedule.ts';
import { openTcpProxy } from './tcp-proxy.ts';

const SECONDS = 300;
const planned = (seed: string) =>
  planFaults(seed, SECONDS, CATALOGUE).map(({ fault, ...rest }) => ({ name: fault.name, ...rest }));

test('a seed gives the same faults at the same places and times, another one gives others', () => {
  expect(planned('a')).toEqual(planned('a'));
  expect(planned('a')).not.toEqual(planned('b'));
});

test('five minutes have every fault, and no two of them hold the same thing at once', () => {
  for (const seed of ['a', 'b', 'c']) {
    const plan = planFaults(seed, SECONDS, CATALOGUE);
    expect(new Set(plan.map(({ fault }) => fault.name)).size).toBe(CATALOGUE.length);
    const heldUntil = new Map<string, number>();
    for (const { fault, target, atMs, lastsMs } of plan) {
      for (const thing of fault.holds(target)) {
        expect(heldUntil.get(thing) ?? 0).toBeLessThanOrEqual(atMs);
        heldUntil.set(thing, atMs + lastsMs);
      }
    }
  }
});

const openEcho = async () => {
  const server = createServer((socket) => void socket.pipe(socket).on('error', () => socket.destroy()));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
};

/** Sends, and gathers what comes back until the peer ends it; then says how. */
const talk = (port: number, text: string) => {
  const socket = connect(port, '127.0.0.1');
  let heard = '';
  socket.on('data', (bytes: Buffer) => (heard += bytes.toString()));
  const ended = new Promise<string>((resolve) => {
    socket.on('error', ({ message }) => resolve(message));
    socket.on('end', () => resolve('end'));
  });
  socket.write(text);
  return { socket, ended, heard: () => heard };
};

test('a road passes, holds until it is free again, crawls, and cuts in the middle of a chunk', async () => {
  const echo = await openEcho();
  const road = await openTcpProxy(echo.port);
  const first = talk(road.port, 'hello');
  await expect.poll(first.heard).toBe('hello');
  road.set({ kind: 'hold' });
  first.socket.write(' you');
  const second = talk(road.port, 'anybody?');
  await expect.poll(() => second.socket.bytesWritten).toBe(8);
  expect([first.heard(), second.heard()]).toEqual(['hello', '']);
  road.set({ kind: 'pass' });
  await expect.poll(() => [first.heard(), second.heard()]).toEqual(['hello you', 'anybody?']);
  const cut = road.cutInMidFrame(200);
  first.socket.write('12345678');
  await expect(first.ended).resolves.toContain('ECONNRESET');
  await cut;
  await expect(second.ended).resolves.toContain('ECONNRESET');
  road.set({ kind: 'trickle', bytesPerSecond: 1 });
  const slow = talk(road.port, 'ab');
  await expect.poll(slow.heard).toBe('a');
  road.set({ kind: 'pass' });
  await expect.poll(slow.heard).toBe('ab');
  await road.close();
  echo.close();
});
