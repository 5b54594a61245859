import { request } from 'node:http';
import { createConversations } from '@switchyard/store';
import { expect } from 'vitest';
import { errorOf, ingressTest } from '../test/ingress-fixture.ts';

const plain = { message: 'echo hi' };

ingressTest(
  'bad input gets the answers of the wire contract, and the service goes on',
  async ({ ingress, postgres }) => {
    const token = await ingress.tokenFor('ann');
    await createConversations(postgres.sql, ingress.scope).open({
      conversationId: 'c-bob',
      userId: 'bob',
      sessionId: 's',
      bundleId: 'hello',
    });
    const json = { 'content-type': 'application/json' };
    const cases: [
      string,
      { json?: unknown; body?: string; headers?: Record<string, string> },
      number,
      string,
      string?,
    ][] = [
      ['/api/chat/messages', { body: '{"message":', headers: json }, 400, 'request.invalid_json', 'body'],
      ['/sse/chat', { body: '{"external_events":[', headers: json }, 400, 'request.invalid_json', 'body'],
      ['/api/chat/messages', { json: {} }, 400, 'request.invalid', 'message'],
      ['/api/chat/messages', { json: { message: 7 } }, 400, 'request.invalid', 'message'],
      [
        '/api/chat/messages',
        { json: { message: 'a\0b' } },
        400,
        'request.invalid',
        'external_events.0.payload.event.text',
      ],
      ['/api/chat/messages', { json: { ...plain, bundle_id: 'nobody' } }, 404, 'not_found', 'bundle_id'],
      ['/api/chat/messages', { json: { ...plain, conversation_id: 'c-bob' } }, 404, 'not_found'],
      [
        '/api/chat/messages',
        { json: { ...plain, conversation_id: '../../x' } },
        400,
        'request.invalid',
        'conversation_id',
      ],
      ['/api/chat/messages', { json: { message: 'x'.repeat(32_001) } }, 413, 'request.too_large', 'message'],
      [
        '/api/chat/messages',
        { body: 'message=hi', headers: { 'content-type': 'text/plain' } },
        415,
        'request.unsupported_media_type',
      ],
      [
        '/api/chat/messages',
        { json: plain, headers: { 'idempotency-key': 'a b' } },
        400,
        'request.invalid',
        'Idempotency-Key',
      ],
      ['/sse/chat?stream_id=a%20b', { json: plain }, 400, 'request.invalid', 'stream_id'],
      [
        '/sse/chat',
        { json: { external_events: [{ type: '' }] } },
        400,
        'request.invalid',
        'external_events.0.type',
      ],
      ['/sse/conv_status.get', { json: { conversation_id: 'c-bob' } }, 404, 'not_found'],
      ['/api/chat/conversations/c-bob/cancel', {}, 404, 'not_found'],
      [`${ingress.conversations}/c-bob/fetch`, { json: {} }, 404, 'not_found'],
      [`${ingress.conversations}/search`, { json: { query: '' } }, 400, 'request.invalid', 'query'],
    ];
    for (const [path, options, status, type, field] of cases) {
      const error = await errorOf(await ingress.call('POST', path, { token, ...options }));
      expect({ path, status: error.status, type: error.type, field: error.detail['field'] }).toEqual({
        path,
        status,
        type,
        field,
      });
    }
    expect((await ingress.call('GET', '/health/ready')).status).toBe(200);
  },
);

ingressTest('26 MB is too large, announced or not, and is not kept', async ({ ingress }) => {
  const token = await ingress.tokenFor('ann');
  const body = JSON.stringify({ message: 'x'.repeat(26_300_000) });
  expect(
    await errorOf(
      await ingress.call('POST', '/api/chat/messages', {
        token,
        body,
        headers: { 'content-type': 'application/json' },
      }),
    ),
  ).toMatchObject({ status: 413, type: 'request.too_large' });
  const form = new FormData();
  form.set('message', 'echo hi');
  form.append('files', new Blob([Buffer.alloc(27_000_000)]), 'big.bin');
  expect(
    await errorOf(await ingress.call('POST', '/api/chat/messages', { token, body: form })),
  ).toMatchObject({ status: 413, type: 'request.too_large' });
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const req = request(`${ingress.url}/api/chat/messages`, { method: 'POST', headers }, (res) => {
      res.resume();
      resolve(res.statusCode);
    });
    req.on('error', reject);
    req.end(body);
  });
  expect(status).toBe(413);
  expect(ingress.running.open.uploadBytes()).toBe(0);
});

ingressTest('a conversation keeps its application', async ({ ingress, postgres }) => {
  await createConversations(postgres.sql, ingress.scope).open({
    conversationId: 'c-1',
    userId: 'ann',
    sessionId: 's',
    bundleId: 'assistant',
  });
  const answer = await ingress.call('POST', '/api/chat/messages', {
    token: await ingress.tokenFor('ann'),
    json: { ...plain, conversation_id: 'c-1', bundle_id: 'hello' },
  });
  expect(await errorOf(answer)).toMatchObject({
    status: 422,
    type: 'request.unprocessable',
    detail: { field: 'bundle_id' },
  });
});

ingressTest('too many messages of one anonymous user are 429 with when to come back', async ({ ingress }) => {
  await ingress.work();
  const cookie = (await ingress.call('GET', '/profile')).headers.get('set-cookie')?.split(';')[0] ?? '';
  const send = () =>
    ingress.call('POST', '/api/chat/messages', {
      json: { message: 'echo hi' },
      headers: { cookie, accept: 'text/event-stream' },
    });
  // Each to its end: one that is refused because three are waiting already does not count against the rate.
  for (let i = 0; i < 10; i += 1) await (await send()).text();
  const refused = await send();
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await errorOf(refused)).toMatchObject({
    status: 429,
    type: 'rate_limit.exceeded',
    detail: { limit: 10 },
  });
});
