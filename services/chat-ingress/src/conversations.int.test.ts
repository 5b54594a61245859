import { expect } from 'vitest';
import { errorOf, ingressTest } from '../test/ingress-fixture.ts';
import type { IngressBench } from '../test/ingress-fixture.ts';
import { readEvents } from '../test/read-events.ts';

async function say(
  ingress: IngressBench,
  token: string,
  message: string,
  conversationId: string,
): Promise<string> {
  const answer = await ingress.call('POST', '/api/chat/messages', {
    token,
    json: { message, conversation_id: conversationId },
    headers: { accept: 'text/event-stream' },
  });
  const [ready] = await readEvents(answer);
  const ack = ready?.data['ack'] as { turn_id: string } | undefined;
  return ack?.turn_id ?? '';
}

ingressTest(
  'a conversation is listed, read, rated, found, renamed, exported and deleted by its owner alone',
  async ({ ingress }) => {
    await ingress.work();
    const [ann, bob] = [await ingress.tokenFor('ann'), await ingress.tokenFor('bob')];
    const turn = await say(ingress, ann, 'echo The heron waits', 'c-1');
    await say(ingress, ann, 'echo something else', 'c-2');
    const get = async (path: string, token = ann) =>
      (await (await ingress.call('GET', `${ingress.conversations}${path}`, { token })).json()) as Record<
        string,
        unknown
      >;
    const send = async (method: string, path: string, json: unknown, token = ann) =>
      ingress.call(method, `${ingress.conversations}${path}`, { token, json });

    expect(await get('')).toMatchObject({
      user_id: 'ann',
      items: [{ conversation_id: 'c-2', bundle_id: 'hello' }, { conversation_id: 'c-1' }],
      next_cursor: null,
    });
    const page = await get('?last_n=1');
    expect(await get(`?last_n=1&cursor=${encodeURIComponent(String(page['next_cursor']))}`)).toMatchObject({
      items: [{ conversation_id: 'c-1' }],
    });
    expect(await get('', bob)).toMatchObject({ items: [] });
    await expect
      .poll(() => get('/c-1/status'))
      .toMatchObject({ conversation_id: 'c-1', state: 'idle', current_turn_id: null });

    const fetched = (await (await send('POST', '/c-1/fetch', { materialize: true })).json()) as {
      turns: { artifacts: { type: string; data?: { text: string } }[] }[];
      last_log_id: string;
    };
    const texts = fetched.turns[0]?.artifacts.map(({ type, data }) => [type, data?.text]);
    expect(texts).toEqual(
      expect.arrayContaining([
        ['chat:user', 'echo The heron waits'],
        ['chat:assistant', 'The heron waits'],
      ]),
    );
    expect(fetched.last_log_id).toMatch(/^\d+-\d+$/);
    expect(await get('/c-1/details')).toMatchObject({ turns: [{ turn_id: turn, status: 'completed' }] });

    expect(
      await (await send('POST', `/c-1/turns/${turn}/feedback`, { reaction: 'ok', text: 'good' })).json(),
    ).toEqual({ success: true, turn_id: turn, reaction: 'ok', cleared: false });
    expect(await get('/c-1/details')).toMatchObject({
      turns: [{ feedback: { reaction: 'ok', text: 'good' } }],
    });
    expect(
      await (await send('POST', `/c-1/turns/${turn}/feedback`, { reaction: null })).json(),
    ).toMatchObject({ cleared: true });
    expect(await (await send('POST', '/search', { query: 'heron' })).json()).toMatchObject({
      hits: [{ conversation_id: 'c-1', turn_id: turn }],
    });
    expect(await (await send('PATCH', '/c-1', { title: 'Birds', pinned: true })).json()).toMatchObject({
      title: 'Birds',
      pinned: true,
    });
    expect((await send('PATCH', '/c-1', {})).status).toBe(400);

    const markdown = await ingress.call('GET', `${ingress.conversations}/c-1/export`, { token: ann });
    expect([
      markdown.headers.get('content-disposition'),
      (await markdown.text()).startsWith('# Birds\n'),
    ]).toEqual(['attachment; filename=Birds.md', true]);
    expect(await get('/c-1/export?format=json')).toMatchObject({ conversation_id: 'c-1' });

    for (const [method, path, json] of [
      ['GET', '/c-1/status', undefined],
      ['GET', '/c-1/details', undefined],
      ['POST', '/c-1/fetch', {}],
      ['PATCH', '/c-1', { title: 'x' }],
      ['DELETE', '/c-1', undefined],
      ['POST', `/c-1/turns/${turn}/feedback`, { reaction: 'ok' }],
      ['GET', '/c-1/export', undefined],
    ] as const) {
      expect({ path, ...(await errorOf(await send(method, path, json, bob))) }).toMatchObject({
        path,
        status: 404,
        type: 'not_found',
      });
    }
  },
);

ingressTest(
  'deleting ends what runs, tells the session, and removes the contents',
  async ({ ingress, postgres }) => {
    const worker = await ingress.work();
    const token = await ingress.tokenFor('ann');
    const events = await ingress.call('GET', '/sse/stream?stream_id=s1&follow=session', { token });
    await ingress.call('POST', '/api/chat/messages', {
      token,
      json: { message: 'wait A B', conversation_id: 'c-1' },
    });
    await expect.poll(() => worker.tasks.length).toBe(1);
    const path = `${ingress.conversations}/c-1`;
    expect(await (await ingress.call('DELETE', path, { token })).json()).toEqual({
      ok: true,
      conversation_id: 'c-1',
    });
    const isDeleted = (data: Record<string, unknown>) =>
      (data['data'] as { state?: string } | undefined)?.state === 'deleted';
    await readEvents(events, (seen) =>
      seen.some(({ event, data }) => event === 'conv_status' && isDeleted(data)),
    );
    expect((await ingress.call('DELETE', path, { token })).status).toBe(404);
    expect(
      await errorOf(
        await ingress.call('POST', '/api/chat/messages', {
          token,
          json: { message: 'echo x', conversation_id: 'c-1' },
        }),
      ),
    ).toMatchObject({ status: 404 });
    expect(await postgres.sql.query({ text: 'select turn_id from turn' })).toEqual([]);
  },
);
