import { createHash } from 'node:crypto';
import { Deadline } from '@switchyard/kernel';
import { createBlobStore } from '@switchyard/store';
import { expect, vi } from 'vitest';
import {
  ACTOR_DIR,
  ASSISTANT_DIR,
  answerOf,
  isTerminal,
  procTest as test,
  terminalOf,
} from '../test/proc-rig.ts';
import type { LoggedEvent } from '../test/proc-rig.ts';

/** `chat_delta answer 0 "One "`: enough of an event to read an order from. */
function line({ event, data }: LoggedEvent): string {
  if (data.delta !== undefined)
    return `${data.delta.marker} ${data.delta.index}${data.delta.completed ? ' completed' : ''} ${data.delta.text}`.trim();
  const state = event === 'conv_status' ? ` ${String(data.data?.['state'])}` : '';
  return `${event} ${data.type} ${data.event.step} ${data.event.status}${state}`;
}

test('a turn is told in the order of the contract', async ({ rig }) => {
  await rig.ship(ACTOR_DIR);
  await rig.start();
  const ack = await rig.say('everything');
  const events = await rig.ended(ack);
  await vi.waitFor(async () => expect((await rig.events(ack.session_id)).at(-1)?.event).toBe('conv_status'));
  const lines = (await rig.events(ack.session_id)).map(line);
  const from = lines.findIndex((one) => one.startsWith('chat_start'));
  expect(
    lines
      .slice(0, from)
      .filter((one) => one.startsWith('conv_status'))
      .map((one) => one.split(' ').at(-1)),
  ).toEqual(['created', 'in_progress']);
  expect(lines.slice(from)).toEqual([
    'chat_start chat.start turn started',
    'chat_step chat.conversation.title conversation_title completed',
    'chat_step chat.conversation.title conversation_title completed',
    'chat_step chat.step work started',
    'thinking 0 Hm.',
    expect.stringMatching(/^answer 0 One/u),
    ...(lines.includes('answer 1 two') ? ['answer 1 two'] : []),
    'canvas 0 panel',
    'chat_step chat.step work completed',
    'chat_step chat.citations citations completed',
    'chat_service board.changed service completed',
    'chat_step board.card event completed',
    'chat_service accounting.usage service completed',
    expect.stringMatching(/^answer \d three\.$/u),
    'chat_step chat.followups followups completed',
    'thinking 1 completed',
    expect.stringMatching(/^answer \d completed$/u),
    'canvas 1 completed',
    expect.stringMatching(/^chat_complete chat\.complete .* completed$/u),
    'conv_status conv.status conv.state completed idle',
  ]);
  const complete = terminalOf(events);
  expect(complete?.data.data).toMatchObject({
    final_answer: 'One two three.',
    followups: ['More?'],
    board: 7,
  });
  expect(answerOf(events)).toBe('One two three.');
  for (const one of events) if (one.event !== 'conv_status') expect(one.streamId).toBe('stream-1');
  const titles = events
    .filter(({ data }) => data.type === 'chat.conversation.title')
    .map(({ data }) => data.data?.['title']);
  expect(titles).toEqual(['everything', 'A talk about everything']);
  await vi.waitFor(async () => expect(await rig.title(ack.conversation_id)).toBe('A talk about everything'));
  const row = await rig.row(ack.turn_id);
  expect(row).toMatchObject({
    status: 'completed',
    answer_text: 'One two three.',
    answer: {
      final_answer: 'One two three.',
      thinking: 'Hm. ',
      steps: [{ name: 'work', status: 'completed', title: 'Worked', data: { found: 2 } }],
      citations: [{ id: 1, title: 'Source' }],
      followups: ['More?'],
      usage: [{ provider: 'p', model: 'm', input_tokens: 1, output_tokens: 2 }],
      bundle_version: expect.stringMatching(/^actor__builtin__/u),
    },
  });
});

test('files of an answer are stored, told, and part of its history', async ({ rig }) => {
  await rig.ship(ACTOR_DIR);
  await rig.start();
  const ack = await rig.say('files');
  const events = await rig.ended(ack);
  const told = events
    .filter(({ data }) => data.type === 'chat.files')
    .map(({ data }) => data.data?.['items']);
  const sha256 = createHash('sha256').update('a,b\n1,2\n').digest('hex');
  const rn = `conv/ada/${ack.conversation_id}/turn/${ack.turn_id}/attachment/${sha256}`;
  const first = { filename: 'report.csv', mime: 'text/csv', size: 8 };
  const second = { filename: 'empty.txt', mime: 'application/octet-stream', size: 0 };
  expect(told).toEqual([
    [{ ...first, rn }],
    [
      { ...first, rn },
      { ...second, rn: expect.stringContaining('/attachment/') },
    ],
  ]);
  expect((await rig.row(ack.turn_id)).answer?.files).toMatchObject([{ ...first, sha256 }, second]);
  const row = await rig.files.find(ack.conversation_id, ack.turn_id, sha256);
  expect(row).toMatchObject({ ...first, user_id: 'ada', direction: 'produced' });
  const opened = await createBlobStore({ dir: rig.blobDir }).open(sha256);
  expect(opened?.size).toBe(8);
  opened?.stream.destroy();
});

test('an answer that is only returned is streamed all the same', async ({ rig }) => {
  await rig.ship(ACTOR_DIR);
  await rig.start();
  const events = await rig.ended(await rig.say('returned'));
  expect(answerOf(events)).toBe('Never streamed by itself.');
  expect(events.find(({ data }) => data.type === 'chat.followups')?.data.data).toEqual({ items: ['Why?'] });
  expect(terminalOf(events)?.data.data).toMatchObject({
    final_answer: 'Never streamed by itself.',
    followups: ['Why?'],
  });
});

test('history, title and user reach the bundle', async ({ rig }) => {
  await rig.ship(ACTOR_DIR);
  await rig.start();
  const first = await rig.say('returned');
  await rig.ended(first);
  const second = await rig.say('what was it?', { conversationId: first.conversation_id });
  expect(answerOf(await rig.ended(second))).toBe(
    'ada new=false title=returned past=[returned=Never streamed by itself.]',
  );
  expect(answerOf(await rig.ended(await rig.say('hm?', { user: 'bob' })))).toBe(
    'bob new=true title=none past=[]',
  );
});

test.for([
  ['throw', 'bundle_error'],
  ['crash', 'bundle_crashed'],
  ['forge', 'bundle_error'],
] as const)(
  'a bundle that does "%s" ends its turn with %s and nothing else',
  async ([act, errorType], { rig }) => {
    await rig.ship(ACTOR_DIR);
    await rig.start();
    const ack = await rig.say(act);
    const events = await rig.ended(ack);
    expect(events.filter(isTerminal)).toHaveLength(1);
    expect(terminalOf(events)?.data).toMatchObject({
      type: 'chat.error',
      event: { status: 'error' },
      data: { error_type: errorType, task_id: ack.task_id },
    });
    expect(JSON.stringify(events)).not.toContain('hunter2');
    const row = await rig.row(ack.turn_id);
    expect(row).toMatchObject({
      status: 'failed',
      answer_text: 'Half an ans',
      error: { error_type: errorType },
    });
    if (act === 'throw') expect(row.answer?.steps).toMatchObject([{ name: 'work', status: 'error' }]);
    await vi.waitFor(async () => {
      expect((await rig.events(ack.session_id)).at(-1)).toMatchObject({
        event: 'conv_status',
        data: { data: { state: 'error', completion: 'error' } },
      });
    });
    const again = await rig.say('returned', { conversationId: ack.conversation_id });
    expect(terminalOf(await rig.ended(again))?.event).toBe('chat_complete');
  },
);

test('a bundle that nobody registered is a clear error', async ({ rig }) => {
  await rig.ship(ACTOR_DIR);
  await rig.start();
  const events = await rig.ended(await rig.say('hello', { bundleId: 'nobody' }));
  expect(events.map(({ event }) => event)).toEqual(expect.arrayContaining(['chat_start', 'chat_error']));
  expect(events.find(({ event }) => event === 'chat_error')?.data.data).toMatchObject({
    error_type: 'bundle_unavailable',
  });
});

test('cancel in mid-stream stops the work of the host and keeps what was said', async ({ rig }) => {
  await rig.ship(ACTOR_DIR);
  await rig.start();
  const ack = await rig.say('forever');
  await rig.saysSoon(ack, 'tick tick');
  expect(await rig.turns.cancel({ conversationId: ack.conversation_id, userId: 'ada' })).toEqual({
    status: 'cancelled',
  });
  const events = await rig.ended(ack);
  expect(events.find(({ event }) => event === 'chat_error')?.data.data).toMatchObject({
    error_type: 'cancelled',
  });
  const row = await rig.row(ack.turn_id);
  expect(row.status).toBe('cancelled');
  expect(row.answer_text).toBe(answerOf(events));
  await vi.waitFor(async () =>
    expect(answerOf(await rig.ended(await rig.say('report')))).toBe('stopped: true'),
  );
  expect(answerOf(await rig.ended(ack))).toBe(row.answer_text);
});

test('a message that arrives meanwhile is folded into the running turn', async ({ rig }) => {
  await rig.ship(ACTOR_DIR);
  await rig.start();
  const ack = await rig.say('wait');
  await rig.saysSoon(ack, 'first');
  const next = await rig.say('and this', { conversationId: ack.conversation_id });
  expect(next).toMatchObject({ is_continuation: true, active_turn_id: ack.turn_id });
  expect(answerOf(await rig.ended(ack))).toBe('first first followup:and this');
  expect((await rig.row(next.queued_turn_id ?? next.turn_id)).status).toBe('folded');
});

test('two workers share the lanes', async ({ rig }) => {
  await rig.ship(ACTOR_DIR);
  await rig.start({ workerName: 'one', slots: '2' });
  await rig.start({ workerName: 'two', slots: '2' });
  const acks = await Promise.all(
    Array.from({ length: 12 }, (_one, at) => rig.say('slow', { user: `user-${at}` })),
  );
  await Promise.all(acks.map((ack) => rig.ended(ack)));
  const fences = await Promise.all(acks.map(async (ack) => (await rig.row(ack.turn_id)).fence ?? ''));
  expect(new Set(fences.map((fence) => fence.split(/[^a-z]/u)[0]))).toEqual(new Set(['one', 'two']));
});

test('a stop lets running turns end; what was not started is left for another worker', async ({ rig }) => {
  await rig.ship(ACTOR_DIR);
  const stopped = await rig.start({ slots: '1' });
  const running = await rig.say('slow');
  await rig.saysSoon(running, 'first');
  const waiting = await rig.say('returned', { user: 'bob' });
  const stop = stopped.stop(Deadline.in(20_000));
  expect((await rig.ended(running)).some(({ event }) => event === 'chat_complete')).toBe(true);
  await stop;
  expect((await rig.row(waiting.turn_id)).status).toBe('queued');
  await rig.start();
  expect((await rig.ended(waiting)).some(({ event }) => event === 'chat_complete')).toBe(true);
});

test('the assistant answers from the documentation, with sources', async ({ rig }) => {
  await rig.ship(ASSISTANT_DIR);
  await rig.start({ defaultBundle: 'assistant' });
  const ack = await rig.say('What happens when a worker dies?', { bundleId: 'assistant' });
  const events = await rig.ended(ack);
  const answer = answerOf(events);
  expect(answer).toContain('Its leases run out after five seconds.');
  expect(answer).toContain('[1]');
  expect(events.find(({ data }) => data.type === 'chat.citations')?.data.data).toMatchObject({
    items: [{ id: 1, path: 'queue.md', anchor: 'when-a-worker-dies' }],
  });
  expect((await rig.row(ack.turn_id)).answer_text).toBe(answer);
  const next = await rig.say('Who won the world cup?', {
    bundleId: 'assistant',
    conversationId: ack.conversation_id,
  });
  expect(answerOf(await rig.ended(next))).toContain('I found nothing on that in the documentation.');
});

test('a turn says where its time went, at its start, at its end, in its row and in the metrics', async ({
  rig,
}) => {
  await rig.ship(ACTOR_DIR);
  const { port } = await rig.start();
  const ack = await rig.say('everything');
  const events = await rig.ended(ack);
  const timingOf = (event: LoggedEvent | undefined) => event?.data.extra?.['timing'];
  const ms = expect.any(Number) as number;
  expect(timingOf(events.find(({ event }) => event === 'chat_start'))).toEqual({
    queue_ms: ms,
    claim_ms: ms,
  });
  const whole = { queue_ms: ms, claim_ms: ms, host_ms: ms, first_delta_ms: ms, relay_ms: ms };
  const timing = timingOf(terminalOf(events)) as { host_ms: number; first_delta_ms: number };
  expect(timing).toEqual(whole);
  expect(timing.first_delta_ms).toBeGreaterThanOrEqual(timing.host_ms);
  expect((await rig.row(ack.turn_id)).answer?.timing).toEqual(timing);
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  const text = await answer.text();
  for (const part of ['queue', 'claim', 'host', 'first_delta', 'relay'])
    expect(text).toMatch(
      new RegExp(`^switchyard_message_part_seconds_count\\{[^}]*part="${part}"[^}]*\\} 1$`, 'm'),
    );
  expect(answer.headers.get('server-timing')).toMatch(/^proc;dur=\d+\.\d$/);
});
