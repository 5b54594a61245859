import { createStackTest } from '@switchyard/testkit';
import { expect } from 'vitest';
import { createChatCalls } from '../src/chat-calls.ts';
import type { ChatCalls } from '../src/chat-calls.ts';
import { answerText, countOf, counted, isTerminal, readEvents } from '../src/stream-events.ts';
import type { StreamEvent } from '../src/stream-events.ts';

const stackTest = createStackTest({ isPageless: true });

const RETRY_MS = 50;
const LAST_NUMBER = 30;

/** What EventSource does: opens, reads, and when the stream breaks opens again from the last id. */
const followThrough = async (
  calls: ChatCalls,
  streamId: string,
  { onEvent }: { onEvent: (event: StreamEvent, broken: number) => void },
): Promise<{ events: StreamEvent[]; broken: number }> => {
  const events: StreamEvent[] = [];
  let [broken, lastId]: [number, string | undefined] = [0, undefined];
  for (;;) {
    try {
      const response = await calls.openStream(streamId, lastId);
      if (response.status !== 200) throw new Error(`answered ${response.status}`);
      for await (const event of readEvents(response)) {
        if (event.id !== undefined && event.id !== '') lastId = event.id;
        events.push(event);
        onEvent(event, broken);
        if (isTerminal(event)) return { events, broken };
      }
      throw new Error('the stream ended');
    } catch {
      broken += 1;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
};

stackTest('a client of a killed ingress resumes without gap or repeat', async ({ stack }) => {
  const calls = await createChatCalls(stack, 'ada');
  const ingress = stack.service('chat-ingress');
  const opened = Promise.withResolvers<void>();
  const restarts: Promise<void>[] = [];
  let deltas = 0;
  const following = followThrough(calls, 'stream-killed', {
    onEvent: ({ event }, broken) => {
      if (event === 'ready') opened.resolve();
      if (event === 'chat_delta') deltas += 1;
      // Twice: once early in the answer, once at the first word of what was resumed. That one may come as a single joined frame.
      const isResumed = broken > 0 && restarts.length === 1 && event === 'chat_delta';
      if ((deltas === 5 && broken === 0) || isResumed) {
        restarts.push(ingress.kill().then(() => ingress.start()));
      }
    },
  });
  await opened.promise;
  const ack = await calls.submit(`count to ${LAST_NUMBER}`, { streamId: 'stream-killed' });
  const { events, broken } = await following;
  await Promise.all(restarts);
  expect(broken).toBeGreaterThanOrEqual(2);
  expect(restarts).toHaveLength(2);
  expect(countOf(events, 'chat_start')).toBe(1);
  expect(countOf(events, 'resync')).toBe(0);
  expect(answerText(events)).toBe(counted(LAST_NUMBER));
  const ids = events.flatMap(({ id, event }) =>
    id === undefined || id === '' || event === 'ready' ? [] : [id],
  );
  expect(new Set(ids).size).toBe(ids.length);
  expect(JSON.stringify(await calls.turns(ack.conversation_id))).toContain(counted(LAST_NUMBER));
});

stackTest(
  'what is posted while ingress is down is refused with Retry-After, and works again after',
  async ({ stack }) => {
    const calls = await createChatCalls(stack, 'grace');
    const ingress = stack.service('chat-ingress');
    await ingress.kill();
    const refused = await calls.ask('/api/chat/messages', { json: { message: 'hello', bundle_id: 'hello' } });
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    await ingress.start();
    const events: StreamEvent[] = [];
    for await (const event of readEvents(await calls.say('count to 2'))) events.push(event);
    expect(answerText(events)).toBe(counted(2));
  },
);
