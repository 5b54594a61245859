import { expect, test } from 'vitest';
import type { ContinuationItem } from '@switchyard/bundle-sdk';
import { answerTurn } from './answer-turn.ts';
import type { AnswerTurn } from './answer-turn.ts';
import { FIXTURE_PASSAGES } from './fixture-passages.ts';

const item = (message: string, kind: 'followup' | 'steer' = 'followup'): ContinuationItem => ({
  kind,
  turn_id: 't2',
  message,
  events: [],
  attachments: [],
});

/** A turn that keeps what it is told; `arriving` comes into the mailbox after so many pieces of text. */
function turnOf(
  message: string,
  options: {
    history?: string[];
    answer?: string;
    arriving?: { after: number; item: ContinuationItem }[];
  } = {},
) {
  const said: string[] = [];
  const steps: string[] = [];
  const searched: string[] = [];
  const cited: number[][] = [];
  const mailbox: ContinuationItem[] = [];
  const turn: AnswerTurn = {
    message,
    user: { user_id: 'u1', username: 'Ada', user_type: 'registered', roles: [] },
    history: () =>
      (options.history ?? []).map((user, at) => ({
        turn_id: `t${at}`,
        user,
        assistant: options.answer ?? '',
        created_at: '',
      })),
    delta: async (text) => {
      said.push(text);
      for (const one of options.arriving ?? []) if (one.after === said.length) mailbox.push(one.item);
    },
    step: async (name, state) => void steps.push(`${name} ${state.status}: ${state.title}`),
    citations: async (items) => void cited.push(items.map((one) => one.id)),
    documents: {
      search: async (query) => {
        searched.push(query);
        return FIXTURE_PASSAGES;
      },
    },
    peekNextContinuation: async () => mailbox[0] ?? null,
    takeNextContinuation: async () => mailbox.shift() ?? null,
  };
  return { turn, said, steps, searched, cited };
}

const noPause = async (): Promise<void> => undefined;

test('searches, says how much, streams in small pieces', async () => {
  const { turn, said, steps, searched, cited } = turnOf('What is a lane?');
  await answerTurn(turn, noPause);
  expect(searched).toEqual(['lane']);
  expect(steps).toEqual([
    'search started: Searching the documentation',
    'search completed: Searched 4 passages, read 1',
  ]);
  expect(cited).toEqual([[1]]);
  expect(said.length).toBeGreaterThan(10);
  expect(said.join('')).toContain('ready queue');
});

test('a greeting is not searched for', async () => {
  const { turn, said, searched } = turnOf('Hello!');
  await answerTurn(turn, noPause);
  expect(searched).toEqual([]);
  expect(said.join('')).toContain('offline mode');
});

test('a short followup is searched for with the words of the question before', async () => {
  const { turn, said, searched } = turnOf('and after?', { history: ['What happens when a worker dies?'] });
  await answerTurn(turn, noPause);
  expect(searched).toEqual(['worker dies']);
  expect(said.join('')).toMatch(/^\*Read together with “What happens when a worker dies\?”\.\*/u);
});

test('more of the same shows other places', async () => {
  const history = ['What happens when a worker dies?'];
  const first = turnOf('and after?', { history });
  await answerTurn(first.turn, noPause);
  expect(first.said.join('')).toContain('**The queue › Dead workers**');
  const second = turnOf('and after?', { history, answer: first.said.join('') });
  await answerTurn(second.turn, noPause);
  expect(second.said.join('')).not.toContain('Dead workers');
});

test('a message that arrives meanwhile is answered under its own heading, its citations counted on', async () => {
  const { turn, said, cited, steps } = turnOf('What is a lane?', {
    arriving: [{ after: 5, item: item('How do I start the stack?') }],
  });
  await answerTurn(turn, noPause);
  const text = said.join('');
  expect(text).toContain('\n\n---\n\n### How do I start the stack?\n\n');
  expect(text).toContain('./dev up --detach');
  expect(cited.at(-1)).toEqual([1, 2]);
  expect(steps.at(-1)).toMatch(/^search-2 completed/u);
});

test('a steer without text stops the answer where it is', async () => {
  const whole = turnOf('How do I start the stack?');
  await answerTurn(whole.turn, noPause);
  const stopped = turnOf('How do I start the stack?', { arriving: [{ after: 3, item: item(' ', 'steer') }] });
  expect(await answerTurn(stopped.turn, noPause)).toEqual({ followups: [] });
  expect(stopped.said.length).toBeLessThanOrEqual(25);
  expect(whole.said.join('').startsWith(stopped.said.join(''))).toBe(true);
});
