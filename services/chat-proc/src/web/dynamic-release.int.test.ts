import net from 'node:net';
import { expect, vi } from 'vitest';
import { webTest as test } from '../../test/web-rig.ts';

/** Half of what the worker holds of bodies: two that do not give theirs back leave nothing for a third. */
const BODY = new Uint8Array(150_000);
/** More parts than a message may have, in an address that is short enough. */
const CROWDED = `?${'a&'.repeat(1001)}`;

/** Announces a body that may be held whole, sends most of it and no more. Resolves when the server has let go. */
const breakOff = (port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    const socket = net.connect(port, '127.0.0.1');
    socket
      .once('error', reject)
      .once('close', () => resolve())
      .resume();
    socket.write('POST /api/size HTTP/1.1\r\nHost: a\r\nContent-Length: 190000\r\n\r\n');
    socket.end(BODY);
  });

test('however a request ends, its place and the bytes of its body come back', async ({ rig }) => {
  rig.site('shop', { dynamic: { maxRunning: 1, maxWaiting: 1, timeoutMs: 1500 } });
  const worker = await rig.start({ webBodyBuffer: '200KiB', webBodyBudget: '300KiB', webBodyLimit: '1MiB' });
  const post = async (path: string, body: Uint8Array<ArrayBuffer> | ReadableStream = BODY) => {
    const answer = await fetch(`${worker.origin}${path}`, { method: 'POST', body, duplex: 'half' });
    await answer.arrayBuffer();
    return answer.status;
  };
  const endless = () =>
    new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024)) });
  const leave = async (family: string, bundleId: string, before: number) => {
    const left = new AbortController();
    const options = { method: 'POST', body: BODY, signal: left.signal };
    const asked = fetch(`${worker.origin}/${family}/aborted`, options).catch(() => undefined);
    const begun = () => worker.wrote(bundleId).filter((text) => text.includes('handler began')).length;
    await vi.waitFor(() => expect(begun()).toBe(before + 1), { timeout: 20_000, interval: 20 });
    left.abort();
    await asked;
  };
  for (const round of [0, 1]) {
    expect([round, 'answered', await post('/api/size')]).toEqual([round, 'answered', 200]);
    expect([round, 'fails', await post('/api/throws')]).toEqual([round, 'fails', 502]);
    expect([round, 'silent', await post('/api/silent')]).toEqual([round, 'silent', 504]);
    expect([round, 'no message', await post(`/api/message${CROWDED}`)]).toEqual([round, 'no message', 400]);
    expect([round, 'too large', await post('/api/size', endless())]).toEqual([round, 'too large', 413]);
    expect([round, 'nonsense', await post('/fetch/nothing')]).toEqual([round, 'nonsense', 502]);
    expect([round, 'crash', await post('/api/exits')]).toEqual([round, 'crash', 502]);
    await breakOff(worker.port);
    await leave('api', 'clerk', round);
    await leave('fetch', 'fetcher', round);
  }
  expect(await post('/api/size')).toBe(200);
  expect(await (await fetch(`${worker.origin}/fetch/hello`)).text()).toBe('hello from shop');
}, 90_000);
