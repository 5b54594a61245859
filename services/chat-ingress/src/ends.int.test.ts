import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { Deadline } from '@switchyard/kernel';
import { platformTest } from '@switchyard/testkit';
import { expect } from 'vitest';
import { errorOf, ingressTest, openIngress } from '../test/ingress-fixture.ts';
import { answerOf, isOver, readEvents } from '../test/read-events.ts';
import type { SeenEvent } from '../test/read-events.ts';

const prompt = (text: string) => ({
  external_events: [{ type: 'event.user.prompt', payload: { event: { text } } }],
});

ingressTest(
  'clients that go leave nothing behind: no follower, no subscription, no place',
  async ({ ingress }) => {
    const worker = await ingress.work();
    const token = await ingress.tokenFor('ann');
    const { open } = ingress.running;
    const leave = new AbortController();
    // Held on to: an answer that nobody refers to any more is closed by its own client.
    const held = await Promise.all(
      Array.from({ length: 5 }, (_none, i) =>
        ingress.call('GET', `/sse/stream?stream_id=s${i}`, { token, signal: leave.signal }),
      ),
    );
    const answer = await ingress.call('POST', '/api/chat/messages', {
      token,
      json: { message: 'wait A B' },
      headers: { accept: 'text/event-stream' },
      signal: leave.signal,
    });
    await expect.poll(() => worker.tasks.length).toBe(1);
    expect([open.streams(), open.followers(), open.channels(), answer.status]).toEqual([6, 6, 2, 200]);
    leave.abort();
    await expect.poll(() => [open.streams(), open.followers(), open.channels()]).toEqual([0, 0, 0]);
    expect(held.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
  },
);

ingressTest('an upload that is given up half way gives its memory back', async ({ ingress }) => {
  const headers = {
    authorization: `Bearer ${await ingress.tokenFor('ann')}`,
    'content-type': 'multipart/form-data; boundary=b',
    'content-length': '5000000',
  };
  const upload = request(`${ingress.url}/api/chat/messages`, { method: 'POST', headers });
  upload.on('error', () => undefined);
  upload.write('--b\r\ncontent-disposition: form-data; name="f"; filename="f"\r\n\r\nabc');
  await expect.poll(() => ingress.running.open.uploadBytes()).toBe(5_000_000);
  upload.destroy();
  await expect.poll(() => ingress.running.open.uploadBytes()).toBe(0);
});

ingressTest('logout ends the streams of the session', async ({ ingress }) => {
  await ingress.work();
  const token = await ingress.tokenFor('ann');
  const events = await ingress.call('GET', '/sse/stream?stream_id=s1', { token });
  const answer = await ingress.call('POST', '/api/platform/logout', { token });
  expect(await answer.json()).toEqual({ ok: true, invalidated: true });
  expect(answer.headers.getSetCookie().every((cookie) => cookie.includes('Max-Age=0'))).toBe(true);
  expect((await readEvents(events)).at(-1)).toMatchObject({
    event: 'chat_service',
    data: { type: 'auth.signed_out' },
  });
});

ingressTest('a stream ends when its token does; a ticket opens one stream once', async ({ ingress }) => {
  const short = await ingress.tokenFor('ann', 'registered', 1500);
  const events = await ingress.call('GET', `/sse/stream?stream_id=s1&bearer_token=${short}`);
  expect((await readEvents(events)).map(({ data }) => data['type'])).toEqual([undefined, 'auth.expiring']);
  const { ticket } = (await (
    await ingress.call('POST', '/api/auth/stream-ticket', { token: await ingress.tokenFor('bob') })
  ).json()) as { ticket: string };
  const opened = await ingress.call('GET', `/sse/stream?stream_ticket=${ticket}`);
  expect([opened.status, opened.headers.get('x-user-type')]).toEqual([200, 'registered']);
  await opened.body?.cancel();
  expect((await ingress.call('GET', `/sse/stream?stream_ticket=${ticket}`)).status).toBe(401);
});

platformTest(
  'a shutdown: not ready, nothing enters, streams are told, then everything is closed',
  async ({ redis, postgres }) => {
    const ingress = await openIngress({ redis, postgres, env: { SHUTDOWN_SPREAD: '300ms' } });
    const token = await ingress.tokenFor('ann');
    const streams = await Promise.all(
      Array.from({ length: 4 }, (_none, i) => ingress.call('GET', `/sse/stream?stream_id=s${i}`, { token })),
    );
    const stopping = ingress.running.stop(Deadline.in(5000));
    expect((await ingress.call('GET', '/health/ready')).status).toBe(503);
    expect((await ingress.call('GET', '/health/live')).status).toBe(200);
    expect(
      await errorOf(await ingress.call('POST', '/api/chat/messages', { token, json: { message: 'hi' } })),
    ).toMatchObject({ status: 503, type: 'draining' });
    for (const each of streams)
      expect((await readEvents(each)).map(({ event }) => event)).toEqual(['ready', 'server_shutdown']);
    await stopping;
    const { open } = ingress.running;
    expect([open.streams(), open.followers()]).toEqual([0, 0]);
    await expect(ingress.call('GET', '/health/live')).rejects.toThrow();
    await ingress.stop();
  },
);

platformTest(
  'a client that stops reading is let go, comes back, and misses nothing',
  async ({ redis, postgres }) => {
    const env = { STREAM_BUFFER: '64KiB', STREAM_DRAIN_LIMIT: '300ms' };
    const ingress = await openIngress({ redis, postgres, env });
    await ingress.work();
    const token = await ingress.tokenFor('ann');
    const open = (lastId: string) =>
      new Promise<IncomingMessage>((resolve, reject) => {
        const headers = {
          authorization: `Bearer ${token}`,
          ...(lastId === '' ? {} : { 'last-event-id': lastId }),
        };
        request(`${ingress.url}/sse/stream?stream_id=slow`, { headers }, resolve).on('error', reject).end();
      });
    const first = await open('');
    await ingress.call('POST', '/sse/chat?stream_id=slow', { token, json: prompt('long 700') });
    // Nobody reads: 14 MB fit no buffer between here and there, so the stream has to be ended by the other side.
    await expect.poll(() => ingress.running.open.streams(), { timeout: 10_000 }).toBe(0);
    const seen = await readFrames(first);
    const cutAfter = seen.length;
    while (!isOver(seen))
      seen.push(...(await readFrames(await open(seen.findLast(({ id }) => id)?.id ?? ''))));
    expect(seen.length).toBeGreaterThan(cutAfter);
    const text = answerOf(seen);
    expect(text.replaceAll('x', ' ').trim().split(/ +/)).toEqual(
      Array.from({ length: 700 }, (_none, at) => String(at)),
    );
    await ingress.stop();
  },
);

/** Complete frames of an answer until its turn or its connection ends. */
function readFrames(answer: IncomingMessage): Promise<SeenEvent[]> {
  let isDone = false;
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => {
      answer.on('error', () => undefined);
      answer.on('data', (chunk: Buffer) => {
        if (!isDone) controller.enqueue(new Uint8Array(chunk));
      });
      answer.once('close', () => {
        if (!isDone) controller.close();
      });
    },
    cancel: () => {
      isDone = true;
      answer.destroy();
    },
  });
  return readEvents(new Response(body), isOver);
}
