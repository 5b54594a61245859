import type { Ack } from '@switchyard/protocol';
import { createStackTest, redisCommand } from '@switchyard/testkit';
import type { StackFixture } from '@switchyard/testkit';
import { expect } from 'vitest';
import { createChatCalls } from '../src/chat-calls.ts';
import { answerText, countOf, counted, isTerminal, readEvents, readUntil } from '../src/stream-events.ts';

// The runner closes an idle host after this: every claim of the first test meets a cold host, which takes its time to start.
const stackTest = createStackTest({
  isPageless: true,
  env: { LEASE: '2s', LEASE_RENEW: '500ms', RUNNER_IDLE: '200ms' },
});

const PREFIX = '{demo:main}';

const readNumber = async (stack: StackFixture, ...words: string[]): Promise<number> =>
  Number((await redisCommand(stack.redisUrl, ...words)).slice(1));

stackTest('killed before the start of a turn: the next worker runs it, once', async ({ stack }) => {
  const calls = await createChatCalls(stack, 'ada');
  const stream = readEvents(await calls.openStream('stream-before'));
  await readUntil(stream, ({ event }) => event === 'ready');
  const proc = stack.service('chat-proc');
  await proc.kill();
  const ack = await calls.submit('count to 3', { streamId: 'stream-before' });
  expect(ack.status).toBe('processing_started');
  await proc.start();
  const events = await readUntil(stream, isTerminal);
  expect(countOf(events, 'chat_start')).toBe(1);
  expect(answerText(events)).toBe(counted(3));
  await stream.return(undefined);
});

stackTest('killed between claim and start: the turn is claimed again and run, once', async ({ stack }) => {
  const calls = await createChatCalls(stack, 'grace');
  const proc = stack.service('chat-proc');
  const inflight = `${PREFIX}:chat:queue:inflight:registered`;
  for (let attempt = 1; ; attempt += 1) {
    const streamId = `stream-claimed-${attempt}`;
    const stream = readEvents(await calls.openStream(streamId));
    await readUntil(stream, ({ event }) => event === 'ready');
    const ack = await calls.submit('count to 3', { streamId });
    while ((await readNumber(stack, 'LLEN', inflight)) === 0);
    await proc.kill();
    const started = await readNumber(stack, 'EXISTS', `${PREFIX}:chat:lock:started:${ack.task_id ?? ''}`);
    await proc.start();
    const events = await readUntil(stream, isTerminal);
    await stream.return(undefined);
    if (started === 1) {
      // The kill came too late for what is tested here; that turn must have been interrupted.
      expect(events.at(-1)?.event).toBe('chat_error');
      expect(attempt).toBeLessThan(6);
      continue;
    }
    expect(countOf(events, 'chat_start')).toBe(1);
    expect(answerText(events)).toBe(counted(3));
    expect(await calls.turns(ack.conversation_id)).toMatchObject([{ status: 'completed' }]);
    return;
  }
});

stackTest('killed after the start: the client is told turn_interrupted, and may go on', async ({ stack }) => {
  const calls = await createChatCalls(stack, 'hedy');
  const stream = readEvents(await calls.say('count to 100'));
  const begun = await readUntil(stream, ({ event }) => event === 'chat_delta');
  const ack = begun[0]?.data['ack'] as Ack;
  const proc = stack.service('chat-proc');
  await proc.kill();
  await proc.start();
  const events = await readUntil(stream, isTerminal);
  expect(events.at(-1)).toMatchObject({
    event: 'chat_error',
    data: { data: { error_type: 'turn_interrupted', reason: 'worker_lost_after_start' } },
  });
  expect(countOf(events, 'chat_start')).toBe(0);
  expect(await calls.turns(ack.conversation_id)).toMatchObject([{ status: 'interrupted' }]);
  const next = await readUntil(
    readEvents(await calls.say('count to 2', { conversationId: ack.conversation_id })),
    isTerminal,
  );
  expect(answerText(next)).toBe(counted(2));
});
