import type { Ack } from '@switchyard/protocol';
import { createStackTest } from '@switchyard/testkit';
import { io } from 'socket.io-client';
import { expect } from 'vitest';
import { createChatCalls, promptEvents } from '../src/chat-calls.ts';
import { answerText, countOf, counted, isTerminal, readEvents, readUntil } from '../src/stream-events.ts';
import type { StreamEvent } from '../src/stream-events.ts';

const stackTest = createStackTest({ isPageless: true });

const expectWholeTurn = (events: readonly StreamEvent[], answer: string): void => {
  expect(countOf(events, 'chat_start')).toBe(1);
  expect(countOf(events, 'chat_complete')).toBe(1);
  expect(countOf(events, 'chat_error')).toBe(0);
  expect(answerText(events)).toBe(answer);
  expect(events.find(({ event }) => event === 'chat_complete')?.data.data?.['final_answer']).toBe(answer);
  const start = events.findIndex(({ event }) => event === 'chat_start');
  expect(start).toBeLessThan(events.findIndex(({ event }) => event === 'chat_delta'));
};

stackTest('one request: the answer streams back on it, and it ends', async ({ stack }) => {
  const calls = await createChatCalls(stack, 'ada');
  const response = await calls.say('count to 4');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toMatch(/^text\/event-stream/);
  expect(response.headers.get('x-user-type')).toBe('registered');
  const events: StreamEvent[] = [];
  for await (const event of readEvents(response)) events.push(event);
  expect(events[0]?.event).toBe('ready');
  const ack = events[0]?.data['ack'] as Ack;
  expect(ack).toMatchObject({
    status: 'processing_started',
    conversation_created: true,
    is_continuation: false,
  });
  expectWholeTurn(events, counted(4));
  const stored = await calls.turns(ack.conversation_id);
  expect(JSON.stringify(stored)).toContain(counted(4));
});

stackTest('a stream and a submit of events', async ({ stack }) => {
  const calls = await createChatCalls(stack, 'ada');
  const stream = readEvents(await calls.openStream('stream-forms'));
  await readUntil(stream, ({ event }) => event === 'ready');
  const ack = await calls.submit('count to 5', { streamId: 'stream-forms' });
  expect(ack.status).toBe('processing_started');
  const events = await readUntil(stream, isTerminal);
  expectWholeTurn(events, counted(5));
  const [idle] = (await readUntil(stream, ({ event }) => event === 'conv_status')).slice(-1);
  expect(idle?.data.data).toMatchObject({ state: 'idle', completion: 'success' });
  await stream.return(undefined);
});

stackTest('the same submit twice is one message with one ack', async ({ stack }) => {
  const calls = await createChatCalls(stack, 'ada');
  const first = await calls.submit('hello', { streamId: 'stream-twice', eventId: 'e-twice' });
  const second = await calls.submit('hello', { streamId: 'stream-twice', eventId: 'e-twice' });
  expect(second).toMatchObject({ turn_id: first.turn_id, conversation_id: first.conversation_id });
  expect(await calls.turns(first.conversation_id)).toHaveLength(1);
});

for (const transport of ['websocket', 'polling']) {
  stackTest(`Socket.IO over ${transport}`, async ({ stack }) => {
    const token = await stack.token({ user: 'ada' });
    const socket = io(stack.url, {
      transports: [transport],
      auth: { bearer_token: token },
      reconnection: false,
    });
    const events: StreamEvent[] = [];
    const over = new Promise<void>((resolve, reject) => {
      socket.onAny((event: string, data: StreamEvent['data'], id?: string) => {
        const seen = { id, event, data };
        events.push(seen);
        if (isTerminal(seen)) resolve();
      });
      socket.once('connect_error', reject);
    });
    const submission = { external_events: promptEvents('count to 3'), bundle_id: 'hello' };
    const ack: unknown = await socket.timeout(10_000).emitWithAck('chat_message', submission);
    expect(ack).toMatchObject({ status: 'processing_started' });
    await over;
    expect(events[0]).toMatchObject({
      event: 'session_info',
      data: { user_type: 'registered', tenant: 'demo' },
    });
    expectWholeTurn(events, counted(3));
    socket.disconnect();
  });
}

stackTest('a followup into a running turn is accepted and answered after it', async ({ stack }) => {
  const calls = await createChatCalls(stack, 'grace');
  const stream = readEvents(await calls.openStream('stream-followup'));
  await readUntil(stream, ({ event }) => event === 'ready');
  const first = await calls.submit('count to 10', { streamId: 'stream-followup' });
  await readUntil(stream, ({ event }) => event === 'chat_delta');
  const { conversation_id: conversationId } = first;
  const second = await calls.submit('count to 2', { streamId: 'stream-followup', conversationId });
  expect(second).toMatchObject({
    status: 'external_event_accepted',
    is_continuation: true,
    active_turn_id: first.turn_id,
  });
  await readUntil(stream, isTerminal);
  const events = await readUntil(stream, isTerminal);
  expectWholeTurn(events, counted(2));
  await stream.return(undefined);
});

stackTest('a running answer is stopped', async ({ stack }) => {
  const calls = await createChatCalls(stack, 'grace');
  const stream = readEvents(await calls.say('count to 200'));
  const begun = await readUntil(stream, ({ event }) => event === 'chat_delta');
  const ack = begun[0]?.data['ack'] as Ack;
  const cancelled = await calls.ask(`/api/chat/conversations/${ack.conversation_id}/cancel`, {
    method: 'POST',
  });
  expect(await cancelled.json()).toMatchObject({ status: 'cancelled' });
  const [end] = (await readUntil(stream, isTerminal)).slice(-1);
  expect(end).toMatchObject({ event: 'chat_error', data: { data: { error_type: 'cancelled' } } });
});

stackTest('somebody without a sign-in may chat where it is allowed', async ({ stack }) => {
  const response = await fetch(`${stack.url}/api/chat/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify({ message: 'count to 2', bundle_id: 'hello' }),
  });
  expect(response.headers.get('x-user-type')).toBe('anonymous');
  expectWholeTurn(await readUntil(readEvents(response), isTerminal), counted(2));
});

stackTest('the sign-in link works once and leads to a masked cookie', async ({ stack }) => {
  const link = await stack.adminLink();
  // The link's page posts the code: whoever only fetches links (a mail scanner) does not use it up.
  expect(await (await fetch(link)).text()).toContain('method="post"');
  const body = new URLSearchParams({ code: new URL(link).searchParams.get('code') ?? '' });
  const redeem = () => fetch(`${stack.url}/api/auth/redeem`, { method: 'POST', body, redirect: 'manual' });
  const first = await redeem();
  const cookie = first.headers.getSetCookie().find((each) => each.startsWith('__Secure-LMTC='));
  expect(cookie).toMatch(/HttpOnly/i);
  const profile = await fetch(`${stack.url}/profile`, { headers: { cookie: cookie?.split(';')[0] ?? '' } });
  expect(await profile.json()).toMatchObject({ user_type: 'PRIVILEGED', user_id: 'admin' });
  const again = await redeem();
  expect(
    again.headers
      .getSetCookie()
      .some((each) => each.startsWith('__Secure-LMTC=') && !each.startsWith('__Secure-LMTC=;')),
  ).toBe(false);
});
