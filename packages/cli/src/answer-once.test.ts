import type { StreamEvent } from '@switchyard/client';
import { expect, it } from 'vitest';
import { answerOnce } from './answer-once.ts';
import type { CommandContext } from './command-spec.ts';
import type { Server } from './server.ts';

const ready: StreamEvent = {
  id: '1-0',
  event: 'ready',
  data: { ack: { conversation_id: 'c-1', turn_id: 't-1', queued_turn_id: null } },
};
const body = (type: string, more: object) => ({
  type,
  conversation: { session_id: 's', conversation_id: 'c-1', turn_id: 't-1' },
  event: { agent: 'a', step: 'turn', status: 'running' },
  ...more,
});
const delta = (id: string, text: string): StreamEvent => ({
  id,
  event: 'chat_delta',
  data: body('chat.delta', { delta: { text, marker: 'answer' } }),
});
const resync = (turns: object[]): StreamEvent => ({ id: '2-1', event: 'resync', data: { turns } });
const complete = (answer: string): StreamEvent => ({
  id: '2-9',
  event: 'chat_complete',
  data: body('chat.complete', { data: { final_answer: answer } }),
});

/** What the terminal shows of an answer that came as these events and is stored as that text. */
async function shown(events: readonly StreamEvent[], stored: string): Promise<string> {
  let text = '';
  const artifacts = [{ type: 'chat:assistant', ts: '', data: { text: stored, payload: {} } }];
  const turn = { turn_id: 't-1', status: 'completed', folded_into: null, feedback: null, artifacts };
  const times = { created_at: '', started_at: null, ended_at: null };
  const context = {
    output: { isJson: false, write: (chunk: string) => (text += chunk), note: () => undefined },
    world: { newId: () => 'k', onInterrupt: () => () => undefined, stderr: { isTTY: false } },
  } as unknown as CommandContext;
  const chat = {
    async *ask() {
      yield* events;
    },
    conversations: { fetch: async () => ({ last_log_id: '', turns: [{ ...turn, ...times }] }) },
  };
  await answerOnce(context, { chat } as unknown as Server, { message: 'q' });
  return text;
}

it.each([
  ['nothing was lost', [ready, delta('1-1', 'abc'), delta('1-2', 'de'), complete('abcde')]],
  [
    'words were lost, and the answer goes on',
    [
      ready,
      delta('1-1', 'ab'),
      resync([{ turn_id: 't-1', answer_so_far: 'abcd', log_id: '2-0' }]),
      delta('2-2', 'e'),
      complete('abcde'),
    ],
  ],
  ['all but the end was lost', [ready, delta('1-1', 'ab'), resync([]), complete('abcde')]],
  ['the end was lost', [ready, delta('1-1', 'ab'), resync([])]],
])('the terminal has the whole answer, once: %s', async (_name, events) => {
  expect(await shown(events, 'abcde')).toBe('abcde\n');
});
