import { expect } from 'vitest';
import { errorOf, ingressTest } from '../test/ingress-fixture.ts';
import { answerOf, isIdle, isOver, namesOf, readEvents } from '../test/read-events.ts';

const prompt = (text: string, id?: string) => ({
  external_events: [
    {
      ...(id === undefined ? {} : { event_id: id }),
      type: 'event.user.prompt',
      payload: { event: { text } },
    },
  ],
});
const stream = { accept: 'text/event-stream' };

ingressTest('a message in the plain form streams back on its own request and ends', async ({ ingress }) => {
  await ingress.work();
  const token = await ingress.tokenFor('ann');
  const answer = await ingress.call('POST', '/api/chat/messages', {
    token,
    json: { message: 'echo one two three' },
    headers: stream,
  });
  const seen = await readEvents(answer);
  expect([answer.status, answer.headers.get('content-type'), answer.headers.get('x-user-type')]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
    'registered',
  ]);
  expect(seen[0]).toMatchObject({
    event: 'ready',
    data: {
      ...ingress.scope,
      user_type: 'registered',
      ack: { status: 'processing_started', conversation_created: true },
    },
  });
  const names = namesOf(seen);
  expect(names.filter((name) => name !== 'chat_delta')).toEqual([
    'ready',
    'conv_status created',
    'conv_status in_progress',
    'chat_start',
    'chat_complete',
  ]);
  expect(answerOf(seen)).toBe('one two three');
  expect(seen.at(-1)?.data).toMatchObject({ type: 'chat.complete', data: { final_answer: 'one two three' } });
});

ingressTest('the same over a stream of its own and a submission of events', async ({ ingress }) => {
  const worker = await ingress.work();
  const token = await ingress.tokenFor('ann');
  const events = await ingress.call('GET', '/sse/stream?stream_id=s1', { token });
  const answer = await ingress.call('POST', '/sse/chat?stream_id=s1', {
    token,
    json: { ...prompt('echo hi there', 'e-1'), conversation_id: 'c-own', tenant: 'other', turn_id: 't' },
    headers: { 'x-user-timezone': 'Europe/Vienna' },
  });
  const ack = (await answer.json()) as Record<string, unknown>;
  expect([answer.status, ack]).toMatchObject([
    200,
    {
      status: 'processing_started',
      conversation_id: 'c-own',
      event_id: 'e-1',
      user_type: 'registered',
      is_continuation: false,
    },
  ]);
  const seen = await readEvents(events, isIdle);
  expect(namesOf(seen).filter((name) => name !== 'chat_delta')).toEqual([
    'ready',
    'conv_status created',
    'conv_status in_progress',
    'chat_start',
    'chat_complete',
    'conv_status idle',
  ]);
  expect(answerOf(seen)).toBe('hi there');
  expect(seen.filter(({ id }) => id === undefined || id === '')).toEqual([]);
  expect(worker.tasks[0]?.payload).toMatchObject({
    ...ingress.scope,
    bundle_id: 'hello',
    stream_id: 's1',
    user: { user_id: 'ann', timezone: 'Europe/Vienna' },
  });
});

ingressTest(
  'a client that lost its stream goes on from its last id without gap or repeat',
  async ({ ingress }) => {
    const worker = await ingress.work();
    const token = await ingress.tokenFor('ann');
    const first = await ingress.call('GET', '/sse/stream?stream_id=s1', { token });
    await ingress.call('POST', '/sse/chat?stream_id=s1', { token, json: prompt('wait Hello my friend') });
    const before = await readEvents(first, (seen) => answerOf(seen) === 'Hello');
    worker.release();
    const lastId = before.at(-1)?.id ?? '';
    const second = await ingress.call('GET', '/sse/stream?stream_id=s1', {
      token,
      headers: { 'last-event-id': lastId },
    });
    expect(second.headers.get('x-resumed-from')).toBe(lastId);
    const after = await readEvents(second, isIdle);
    expect(answerOf(before) + answerOf(after)).toBe('Hello my friend');
    expect([after[0]?.event, after[0]?.id]).toEqual(['ready', undefined]);
  },
);

ingressTest(
  'an id that proves nothing gets resync first; a second device follows the session',
  async ({ ingress }) => {
    const worker = await ingress.work();
    const token = await ingress.tokenFor('ann');
    const answer = await ingress.call('POST', '/sse/chat?stream_id=s1', {
      token,
      json: prompt('wait Hello again'),
    });
    const ack = (await answer.json()) as { turn_id: string; last_log_id: string };
    const watch = await ingress.call(
      'GET',
      `/sse/stream?stream_id=s2&follow=session&last_event_id=${ack.last_log_id}`,
      { token },
    );
    await readEvents(watch, (seen) => answerOf(seen) === 'Hello');
    const late = await ingress.call('GET', '/sse/stream?stream_id=s3&follow=session&last_event_id=0-77', {
      token,
    });
    const replay = await ingress.call('GET', '/sse/stream?stream_id=s4&follow=session&replay=turn', {
      token,
    });
    worker.release();
    const seen = await readEvents(late, isOver);
    expect([late.headers.get('x-resumed-from'), seen[1]]).toMatchObject([
      null,
      { event: 'resync', data: { turns: [{ turn_id: ack.turn_id, answer_so_far: 'Hello' }] } },
    ]);
    expect(answerOf(seen)).toBe(' again');
    expect(answerOf(await readEvents(replay, isOver))).toBe('Hello again');
  },
);

ingressTest(
  'a message for a busy conversation waits; its own stream ends with the turn that took it in',
  async ({ ingress }) => {
    const worker = await ingress.work();
    const token = await ingress.tokenFor('ann');
    const first = await ingress.call('POST', '/api/chat/messages', {
      token,
      json: { message: 'wait A B', conversation_id: 'c-1' },
      headers: stream,
    });
    const reading = readEvents(first);
    await expect.poll(() => worker.tasks.length).toBe(1);
    const second = await ingress.call('POST', '/api/chat/messages', {
      token,
      json: { message: 'more', conversation_id: 'c-1' },
      headers: stream,
    });
    const secondReading = readEvents(second);
    worker.release();
    const [seen, folded] = [await reading, await secondReading];
    expect(answerOf(seen)).toBe('A +more B');
    expect(
      folded.map(({ data }) => data['type']).filter((type) => String(type).startsWith('event.')),
    ).toEqual(['event.continuation.accepted', 'event.continuation.consumed']);
    expect(folded[0]?.data['ack']).toMatchObject({
      status: 'external_event_accepted',
      is_continuation: true,
    });
    expect([answerOf(folded), folded.at(-1)?.id]).toEqual([' +more B', seen.at(-1)?.id]);
  },
);

ingressTest(
  'an idempotent submission gets its first ack again, and its answer again',
  async ({ ingress }) => {
    const worker = await ingress.work();
    const token = await ingress.tokenFor('ann');
    const send = (headers: Record<string, string> = {}) =>
      ingress.call('POST', '/api/chat/messages', {
        token,
        json: { message: 'wait Hello again' },
        headers: { 'idempotency-key': 'k-1', ...headers },
      });
    const ack = (await (await send()).json()) as { turn_id: string };
    await expect.poll(() => worker.tasks.length).toBe(1);
    const retried = await send(stream);
    const reading = readEvents(retried);
    worker.release();
    const seen = await reading;
    expect([seen[0]?.data['ack'], seen.at(-1)?.event]).toMatchObject([
      { turn_id: ack.turn_id },
      'chat_complete',
    ]);
    expect(answerOf(seen)).toBe('Hello again');
    const once = await readEvents(await send(stream));
    expect([answerOf(once), once.at(-1)?.event]).toEqual(['Hello again', 'chat_complete']);
    expect(worker.tasks.length).toBe(1);
  },
);

ingressTest('stopping a running turn', async ({ ingress }) => {
  const worker = await ingress.work();
  const token = await ingress.tokenFor('ann');
  const answer = await ingress.call('POST', '/api/chat/messages', {
    token,
    json: { message: 'wait A B', conversation_id: 'c-1' },
    headers: stream,
  });
  const reading = readEvents(answer);
  await expect.poll(() => worker.tasks.length).toBe(1);
  await expect
    .poll(
      async () =>
        await (
          await ingress.call('POST', '/sse/conv_status.get', { token, json: { conversation_id: 'c-1' } })
        ).json(),
    )
    .toMatchObject({ state: 'in_progress' });
  const cancelled = await ingress.call('POST', '/api/chat/conversations/c-1/cancel', { token });
  expect(await cancelled.json()).toEqual({ status: 'cancelled' });
  expect((await reading).at(-1)).toMatchObject({
    event: 'chat_error',
    data: { data: { error_type: 'cancelled' } },
  });
  await expect
    .poll(
      async () => await (await ingress.call('POST', '/api/chat/conversations/c-1/cancel', { token })).json(),
    )
    .toEqual({ status: 'idle' });
});

ingressTest('a failing application is an error to its client, never a success', async ({ ingress }) => {
  await ingress.work();
  const answer = await ingress.call('POST', '/api/chat/messages', {
    token: await ingress.tokenFor('ann'),
    json: { message: 'fail' },
    headers: stream,
  });
  expect((await readEvents(answer)).at(-1)).toMatchObject({
    event: 'chat_error',
    data: { data: { error_type: 'bundle_error' } },
  });
});

ingressTest(
  'without a worker a message is refused with when to come back, and the stream hears of it',
  async ({ ingress }) => {
    await (await ingress.work()).stop();
    const token = await ingress.tokenFor('ann');
    const events = await ingress.call('GET', '/sse/stream?stream_id=s1', { token });
    const answer = await ingress.call('POST', '/sse/chat?stream_id=s1', { token, json: prompt('echo x') });
    expect([answer.status, Number(answer.headers.get('retry-after')) > 0]).toEqual([503, true]);
    expect(await errorOf(answer)).toMatchObject({
      type: 'queue.enqueue_rejected',
      detail: { reason: 'no_healthy_processes' },
    });
    const seen = await readEvents(events, (all) => all.length === 2);
    expect(seen[1]).toMatchObject({
      event: 'chat_service',
      data: { type: 'queue.enqueue_rejected', data: { reason: 'no_healthy_processes' } },
    });
  },
);

ingressTest('events that nobody has to react to are recorded and start nothing', async ({ ingress }) => {
  const worker = await ingress.work();
  const event = { type: 'page.opened', reactive: false, payload: { event: { page: 'a' } } };
  const answer = await ingress.call('POST', '/sse/chat', {
    token: await ingress.tokenFor('ann'),
    json: { external_events: [event] },
  });
  expect(await answer.json()).toMatchObject({ status: 'external_event_recorded' });
  expect(worker.tasks).toEqual([]);
});
