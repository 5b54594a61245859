import { Deadline } from '@switchyard/kernel';
import { io } from 'socket.io-client';
import { expect, onTestFinished } from 'vitest';
import { ingressTest } from '../../test/ingress-fixture.ts';
import type { IngressBench } from '../../test/ingress-fixture.ts';
import { isIdle, readEvents } from '../../test/read-events.ts';

interface Heard {
  event: string;
  body: Record<string, unknown>;
  logId: string | undefined;
}

async function connect(ingress: IngressBench, auth: Record<string, unknown>) {
  const socket = io(ingress.url, { auth, forceNew: true, reconnection: false, transports: ['websocket'] });
  onTestFinished(() => void socket.disconnect());
  const heard: Heard[] = [];
  socket.onAny((event: string, body: Record<string, unknown>, logId?: string) =>
    heard.push({ event, body, logId }),
  );
  await new Promise<void>((resolve, reject) => {
    socket.once('session_info', () => resolve());
    socket.once('connect_error', reject);
  });
  return { socket, heard };
}
const submission = (text: string, conversationId: string) => ({
  external_events: [{ type: 'event.user.prompt', payload: { event: { text } } }],
  conversation_id: conversationId,
});

ingressTest('a socket hears the same bodies under the same ids as an event stream', async ({ ingress }) => {
  await ingress.work();
  const token = await ingress.tokenFor('ann');
  const { socket, heard } = await connect(ingress, { bearer_token: token, follow: 'session' });
  const ack = (await socket.emitWithAck('chat_message', submission('echo one two', 'c-1'))) as {
    last_log_id: string;
  };
  await expect.poll(() => heard.at(-1)?.body['data']).toMatchObject({ state: 'idle' });
  // From before the message on, of which the socket heard all.
  const stream = await ingress.call('GET', `/sse/stream?follow=session&last_event_id=${ack.last_log_id}`, {
    token,
  });
  const seen = (await readEvents(stream, isIdle)).filter(({ event }) => event !== 'ready');
  const byId = new Map(heard.map(({ event, body, logId }) => [logId, { event, body }]));
  for (const { id, event, data } of seen.filter((frame) => frame.event !== 'chat_delta'))
    expect(byId.get(id)).toEqual({ event, body: data });
  expect(seen.map(({ event }) => event)).toContain('chat_complete');
  const ids = heard.flatMap(({ logId }) => (logId === undefined ? [] : [BigInt(logId.split('-')[1] ?? 0)]));
  expect(ids.every((id, at) => at === 0 || id > (ids[at - 1] ?? 0n))).toBe(true);
});

ingressTest(
  'resume with an id that proves nothing is a resync, with what the running turn has said',
  async ({ ingress }) => {
    const worker = await ingress.work();
    const token = await ingress.tokenFor('ann');
    const { socket, heard } = await connect(ingress, { bearer_token: token, follow: 'session' });
    await socket.emitWithAck('chat_message', submission('wait Hello again', 'c-1'));
    await expect.poll(() => heard.at(-1)?.body['text']).toBe('Hello');
    expect(await socket.emitWithAck('resume', { last_event_id: '0-77' })).toEqual({ resumed_from: null });
    await expect
      .poll(() => heard.find(({ event }) => event === 'resync')?.body['turns'])
      .toMatchObject([{ conversation_id: 'c-1', answer_so_far: 'Hello' }]);
    const resync = heard.findIndex(({ event }) => event === 'resync');
    worker.release();
    await expect.poll(() => heard.at(-1)?.body['data']).toMatchObject({ state: 'idle' });
    const after = heard.slice(resync).filter(({ event }) => event === 'chat_delta');
    expect(after.map(({ body }) => body['text']).join('')).toBe(' again');
  },
);

ingressTest('a ticket opens one socket, once', async ({ ingress }) => {
  const answer = await ingress.call('POST', '/api/auth/stream-ticket', {
    token: await ingress.tokenFor('bob'),
  });
  const { ticket } = (await answer.json()) as { ticket: string };
  const { heard } = await connect(ingress, { stream_ticket: ticket });
  expect(heard[0]?.body).toMatchObject({ user_id: 'bob' });
  await expect(connect(ingress, { stream_ticket: ticket })).rejects.toMatchObject({ data: { status: 401 } });
});

ingressTest(
  'a socket is warned before its token runs out, and told when the instance ends',
  async ({ ingress }) => {
    const short = await connect(ingress, { bearer_token: await ingress.tokenFor('ann', 'registered', 3000) });
    const long = await connect(ingress, { bearer_token: await ingress.tokenFor('bob') });
    await expect
      .poll(() => short.heard.at(-1))
      .toMatchObject({ event: 'chat_service', body: { type: 'auth.expiring' } });
    await expect.poll(() => short.socket.connected).toBe(false);
    expect(long.socket.connected).toBe(true);
    await ingress.running.stop(Deadline.in(5000));
    await expect.poll(() => long.heard.at(-1)?.event).toBe('server_shutdown');
    expect(ingress.running.open.streams()).toBe(0);
  },
);
