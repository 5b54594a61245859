import { createStackTest } from '@switchyard/testkit';
import { expect } from 'vitest';
import { SCOPE, createChatCalls, promptEvents } from '../src/chat-calls.ts';
import type { ChatCalls } from '../src/chat-calls.ts';
import { answerText, counted, isTerminal, readEvents, readUntil } from '../src/stream-events.ts';

const stackTest = createStackTest({ isPageless: true });

interface ErrorAnswer {
  detail: { error: string; error_type: string };
}

/** The status, and a body in the one shape of errors that shows nothing of the inside. */
const expectRefused = async (response: Response, status: number, errorType?: string): Promise<void> => {
  expect(response.status).toBe(status);
  const text = await response.text();
  expect(text).not.toMatch(/\bat \S+ \(|node_modules|\/src\//);
  const { detail } = JSON.parse(text) as ErrorAnswer;
  expect(detail.error).not.toBe('');
  if (errorType !== undefined) expect(detail.error_type).toBe(errorType);
};

const expectAlive = async (calls: ChatCalls): Promise<void> => {
  const events = await readUntil(readEvents(await calls.say('count to 2')), isTerminal);
  expect(answerText(events)).toBe(counted(2));
};

const post = (body: string | ReadableStream, type = 'application/json'): RequestInit => ({
  method: 'POST',
  body,
  headers: { 'content-type': type },
});

stackTest('broken JSON is 400', async ({ stack }) => {
  const calls = await createChatCalls(stack, 'eve');
  await expectRefused(
    await calls.ask('/api/chat/messages', post('{"message": ')),
    400,
    'request.invalid_json',
  );
  await expectRefused(await calls.ask('/sse/chat?stream_id=s', post('[1,')), 400);
  await expectAlive(calls);
});

stackTest('a body without its message is 400 and names the field', async ({ stack }) => {
  const calls = await createChatCalls(stack, 'eve');
  const response = await calls.ask('/api/chat/messages', { json: { text: 'hello' } });
  expect(response.status).toBe(400);
  expect(await response.text()).toContain('message');
});

stackTest('a body of 26 MB is 413, announced or chunked', async ({ stack }) => {
  const calls = await createChatCalls(stack, 'eve');
  const body = JSON.stringify({ message: 'x'.repeat(26 * 1024 * 1024) });
  await expectRefused(await calls.ask('/api/chat/messages', post(body)), 413, 'request.too_large');
  const chunked = { ...post(ReadableStream.from([Buffer.from(body)])), duplex: 'half' as const };
  await expectRefused(await calls.ask('/api/chat/messages', chunked), 413, 'request.too_large');
  await expectRefused(
    await calls.ask('/api/chat/messages', post(JSON.stringify({ message: 'x'.repeat(26_000_000 - 20) }))),
    413,
  );
  await expectAlive(calls);
});

stackTest('a bundle that is not there is 404', async ({ stack }) => {
  const calls = await createChatCalls(stack, 'eve');
  await expectRefused(
    await calls.ask('/api/chat/messages', { json: { message: 'hello', bundle_id: 'nobody' } }),
    404,
    'not_found',
  );
});

stackTest("somebody else's conversation is 404, exactly as one that is not there", async ({ stack }) => {
  const owner = await createChatCalls(stack, 'owner');
  const stranger = await createChatCalls(stack, 'stranger');
  const { conversation_id: owned } = await owner.submit('count to 2', { streamId: 'stream-owner' });
  const bodies: string[] = [];
  for (const id of [owned, 'c-that-is-not-there']) {
    const requests: [string, RequestInit & { json?: unknown }][] = [
      [`/api/cb/conversations/${SCOPE}/${id}/details`, {}],
      [`/api/cb/conversations/${SCOPE}/${id}/fetch`, { json: {} }],
      [`/api/cb/conversations/${SCOPE}/${id}`, { method: 'DELETE' }],
      [`/api/chat/conversations/${id}/cancel`, { method: 'POST' }],
    ];
    for (const [path, init] of requests) {
      const response = await stranger.ask(path, init);
      expect(response.status, path).toBe(404);
      const { detail } = (await response.json()) as ErrorAnswer;
      bodies.push(`${detail.error} ${detail.error_type}`);
    }
  }
  expect(new Set(bodies).size).toBe(1);
  const posted = await stranger.ask('/api/chat/messages', {
    json: { message: 'hello', conversation_id: owned, bundle_id: 'hello' },
  });
  await expectRefused(posted, 404);
  expect(await owner.turns(owned)).toHaveLength(1);
});

stackTest('no token where one is needed is 401', async ({ stack }) => {
  await expectRefused(await fetch(`${stack.url}/api/cb/conversations/${SCOPE}`), 401);
});

stackTest('a token that is expired, or none of ours, is 401 and never anonymous', async ({ stack }) => {
  const expired = await stack.token({ user: 'eve', ttlMs: -3_600_000 });
  for (const token of [expired, 'nonsense', `${expired.slice(0, -4)}AAAA`]) {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const body = JSON.stringify({ message: 'hello', bundle_id: 'hello' });
    await expectRefused(
      await fetch(`${stack.url}/api/chat/messages`, { method: 'POST', headers, body }),
      401,
    );
    await expectRefused(await fetch(`${stack.url}/profile`, { headers }), 401);
  }
});

stackTest('a tenant in the body means nothing, one in the path is checked', async ({ stack }) => {
  const calls = await createChatCalls(stack, 'eve');
  const json = {
    external_events: promptEvents('count to 2'),
    bundle_id: 'hello',
    tenant: 'other',
    project: 'other',
    turn_id: 'turn_mine',
  };
  const response = await calls.ask('/sse/chat?stream_id=stream-tenant', { json });
  expect(response.status).toBe(200);
  const ack = (await response.json()) as { turn_id: string };
  expect(ack.turn_id).not.toBe('turn_mine');
  const list = (await (await calls.ask(`/api/cb/conversations/${SCOPE}`)).json()) as { items: unknown[] };
  expect(list.items.length).toBeGreaterThan(0);
  await expectRefused(await calls.ask('/api/cb/conversations/other/other'), 403);
});

stackTest('what no service knows is 404', async ({ stack }) => {
  const calls = await createChatCalls(stack, 'eve');
  await expectRefused(await calls.ask('/sse/unknown'), 404);
  await expectRefused(await calls.ask('/api/integrations/unknown'), 404);
  await expectAlive(calls);
});
