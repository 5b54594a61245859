import { expect } from 'vitest';
import { ingressTest } from '../../test/ingress-fixture.ts';
import { answerOf, isIdle, namesOf, readEvents } from '../../test/read-events.ts';

const prompt = (text: string, conversationId: string) => ({
  external_events: [{ type: 'event.user.prompt', payload: { event: { text } } }],
  conversation_id: conversationId,
});

ingressTest(
  'chat events go to the stream that posted, states to all, a follower of the session gets all, or one conversation',
  async ({ ingress }) => {
    await ingress.work();
    const token = await ingress.tokenFor('ann');
    const open = (query: string) => ingress.call('GET', `/sse/stream?${query}`, { token });
    const [mine, other, whole, narrow] = await Promise.all([
      open('stream_id=mine'),
      open('stream_id=other'),
      open('stream_id=whole&follow=session'),
      open('stream_id=narrow&follow=session&conversation_id=c-2'),
    ]);
    const idles = (count: number) => (seen: Parameters<typeof namesOf>[0]) =>
      namesOf(seen).filter((name) => name === 'conv_status idle').length === count;
    const reading = Promise.all([
      readEvents(mine, idles(2)),
      readEvents(other, idles(2)),
      readEvents(whole, idles(2)),
      readEvents(narrow, idles(1)),
    ]);
    for (const [stream, conversation] of [
      ['mine', 'c-1'],
      ['nobody', 'c-2'],
    ] as const) {
      const json = prompt(`echo to ${stream}`, conversation);
      await ingress.call('POST', `/sse/chat?stream_id=${stream}`, { token, json });
      await readEvents(await open('stream_id=wait&follow=session&replay=turn'), (seen) => seen.length > 0);
    }
    const seen = await reading;
    expect(seen.map(answerOf)).toEqual(['to mine', '', 'to mineto nobody', 'to nobody']);
    const states = namesOf(seen[1]).filter((name) => name.startsWith('conv_status'));
    expect(states.filter((name) => name === 'conv_status in_progress')).toHaveLength(2);
    expect(namesOf(seen[1]).filter((name) => name.startsWith('chat_'))).toEqual([]);
  },
);

ingressTest('events of a stream that nobody has open wait in the log for it', async ({ ingress }) => {
  await ingress.work();
  const token = await ingress.tokenFor('ann');
  const answer = await ingress.call('POST', '/sse/chat?stream_id=later', {
    token,
    json: prompt('echo one two three', 'c-1'),
  });
  const { last_log_id: from } = (await answer.json()) as { last_log_id: string };
  const whole = await ingress.call('GET', `/sse/stream?follow=session&last_event_id=${from}`, { token });
  await readEvents(whole, isIdle);
  const later = await ingress.call('GET', `/sse/stream?stream_id=later&last_event_id=${from}`, { token });
  expect(later.headers.get('x-resumed-from')).toBe(from);
  const seen = await readEvents(later, isIdle);
  // All of it, and its words in one frame.
  expect([answerOf(seen), namesOf(seen).filter((name) => name === 'chat_delta')]).toEqual([
    'one two three',
    ['chat_delta'],
  ]);
});

ingressTest(
  'a stream begins with retry and ready, and speaks after three silent seconds',
  async ({ ingress }) => {
    const token = await ingress.tokenFor('ann');
    const answer = await ingress.call('GET', '/sse/stream?stream_id=s1', { token });
    const reader = (answer.body ?? new ReadableStream<Uint8Array<ArrayBuffer>>())
      .pipeThrough(new TextDecoderStream())
      .getReader();
    let text = '';
    const began = performance.now();
    while (!text.includes(': keepalive')) text += (await reader.read()).value ?? '';
    expect(performance.now() - began).toBeGreaterThan(2500);
    await reader.cancel();
    const [retry, ready, keepalive] = text.split('\n\n');
    expect([retry, keepalive]).toEqual(['retry: 1000', ': keepalive']);
    expect(ready).toMatch(/^id: \d+-\d+\nevent: ready\ndata: \{.*\}$/);
    expect(JSON.parse(ready?.split('data: ')[1] ?? '')).toEqual({
      timestamp: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      session_id: answer.headers.get('x-session-id'),
      user_type: 'registered',
      stream_id: 's1',
      ...ingress.scope,
    });
  },
);
