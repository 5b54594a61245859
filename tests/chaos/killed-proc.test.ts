import type { Ack } from '@switchyard/protocol';
import { openStore } from '@switchyard/store';
import { createStackTest, redisCommand } from '@switchyard/testkit';
import { expect } from 'vitest';
import { createChatCalls } from '../src/chat-calls.ts';
import { answerText, countOf, counted, isTerminal, readEvents, readUntil } from '../src/stream-events.ts';

const stackTest = createStackTest({ isPageless: true, env: { LEASE: '2s', LEASE_RENEW: '500ms' } });

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

const INFLIGHT = '{demo:main}:chat:queue:inflight:registered';
const BLOCKED = "from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
const PATIENCE = { timeout: 20_000, interval: 20 };

interface TurnRow {
  status: string;
}

stackTest('killed between claim and start: the turn is claimed again and run, once', async ({ stack }) => {
  const calls = await createChatCalls(stack, 'grace');
  const stream = readEvents(await calls.openStream('stream-claimed'));
  await readUntil(stream, ({ event }) => event === 'ready');
  const proc = stack.service('chat-proc');
  const pid = proc.current()?.identity.pid ?? 0;
  const store = await openStore({ url: stack.databaseUrl, poolSize: 3, applicationName: 'test' });
  const read = <R extends object>(text: string, values: string[] = []) =>
    store.sql.query<R>({ text, values });
  // The row's change to `running` is the start. Its lock, taken while the worker is halted, keeps the worker right before it.
  process.kill(pid, 'SIGSTOP');
  const ack = await calls.submit('count to 3', { streamId: 'stream-claimed' });
  await store.sql.tx(async (tx) => {
    await tx.query({ text: 'select 1 from turn where turn_id = $1 for update', values: [ack.turn_id] });
    process.kill(pid, 'SIGCONT');
    await expect.poll(async () => (await read(`select 1 ${BLOCKED}`)).length, PATIENCE).toBe(1);
    expect(await redisCommand(stack.redisUrl, 'LLEN', INFLIGHT)).toBe(':1');
    await proc.kill();
    // The database would carry the dead worker's statement out as soon as the lock is free.
    await read(`select pg_terminate_backend(pid) ${BLOCKED}`);
    await expect.poll(async () => (await read(`select 1 ${BLOCKED}`)).length, PATIENCE).toBe(0);
  });
  expect(await read<TurnRow>('select status from turn where turn_id = $1', [ack.turn_id])).toEqual([
    { status: 'queued' },
  ]);
  await store.close();
  await proc.start();
  const events = await readUntil(stream, isTerminal);
  await stream.return(undefined);
  expect(events.at(-1)).toMatchObject({
    event: 'chat_complete',
    data: { data: { final_answer: counted(3) } },
  });
  expect(countOf(events, 'chat_start')).toBe(1);
  expect(answerText(events)).toBe(counted(3));
  expect(await calls.turns(ack.conversation_id)).toMatchObject([{ status: 'completed' }]);
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
