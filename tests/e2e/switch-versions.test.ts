import { createStackTest } from '@switchyard/testkit';
import { expect } from 'vitest';
import { createChatCalls } from '../src/chat-calls.ts';
import type { ChatCalls } from '../src/chat-calls.ts';
import { answerText, countOf, readEvents } from '../src/stream-events.ts';
import type { StreamEvent } from '../src/stream-events.ts';
import { WORDS, openSwitchedBundle } from '../src/switched-bundle.ts';
import type { SwitchedBundle } from '../src/switched-bundle.ts';

/** So many turns run at every moment, each in a conversation of its own. */
const LIVE = 200;
const USERS = 50;
const SWITCHES = 20;
/** In their place comes a version that does not load, and then the good one; or one that served before. */
const [BROKEN_AT, ROLLBACK_AT] = [8, 14];
const PATIENCE_MS = 600_000;

const stackTest = createStackTest({
  isPageless: true,
  env: { BUNDLE_SOURCES: '*', SLOTS: '256', RUNNER_START: '2m' },
});

/** One answer: the versions that were allowed to give it, and what came. */
interface Answered {
  readonly conversationId: string;
  readonly allowed: readonly string[];
  readonly events: readonly StreamEvent[];
}

const askOnce = async (
  calls: ChatCalls,
  bundle: SwitchedBundle,
  conversationId: string,
): Promise<Answered> => {
  // Said before the message is sent: what served then, or what came later, and nothing that was before.
  const from = bundle.serving;
  const response = await calls.say('go', { bundleId: bundle.id, conversationId });
  expect(response.status).toBe(200);
  const events: StreamEvent[] = [];
  for await (const event of readEvents(response)) events.push(event);
  return { conversationId, allowed: bundle.history.slice(from), events };
};

/** Why an answer is not what it should be; undefined when it is. */
const faultOf = ({ allowed, events }: Answered): string | undefined => {
  const kinds = ['chat_start', 'chat_complete', 'chat_error'].map((name) => countOf(events, name));
  const answer = answerText(events);
  const label = answer.split(' ')[0] ?? '';
  if (kinds.join() !== '1,1,0') return `starts, ends, errors: ${kinds.join()}: ${answer}`;
  if (answer !== `${label} `.repeat(WORDS)) return `a mixture, or a part of it twice: ${answer}`;
  return allowed.includes(label) ? undefined : `${label} answered where ${allowed.join()} could`;
};

const playSwitches = async (bundle: SwitchedBundle): Promise<number[]> => {
  const times: number[] = [];
  for (let at = 1; at <= SWITCHES; at += 1) {
    if (at === BROKEN_AT) {
      expect(await bundle.tryBroken('broken')).toMatchObject({
        status: 'error',
        error: expect.stringContaining('broken has no heart'),
      });
      expect(JSON.stringify(await bundle.view())).toContain('broken has no heart');
    }
    const start = performance.now();
    if (at === ROLLBACK_AT) await bundle.rollBackTo(`v${at - 3}`);
    else await bundle.switchTo(`v${at}`);
    times.push(performance.now() - start);
  }
  return times;
};

stackTest(
  'twenty switches under two hundred live turns: none is dropped, doubled, mixed or answered by an older version',
  { timeout: PATIENCE_MS },
  async ({ stack }) => {
    await using bundle = await openSwitchedBundle(stack);
    await bundle.switchTo('v0');
    const users = await Promise.all(
      Array.from({ length: USERS }, (_each, at) => createChatCalls(stack, `user-${at}`)),
    );
    const answers: Answered[] = [];
    const state = { isOver: false };
    let begun = 0;
    const { promise: allBegun, resolve: tellBegun } = Promise.withResolvers<void>();
    const converse = async (calls: ChatCalls, conversationId: string): Promise<number> => {
      let asked = 0;
      do {
        asked += 1;
        const answering = askOnce(calls, bundle, conversationId);
        if (asked === 1 && (begun += 1) === LIVE) tellBegun();
        answers.push(await answering);
      } while (!state.isOver);
      return asked;
    };
    const conversations = Array.from({ length: LIVE }, (_each, at) => ({
      calls: users[at % USERS] as ChatCalls,
      id: `c-switch-${at}`,
    }));
    const talks = conversations.map(({ calls, id }) => converse(calls, id));
    const all = Promise.all(talks);
    await Promise.race([allBegun, all]);
    const times = await playSwitches(bundle);
    state.isOver = true;
    const asked = await all;

    expect(answers.map(faultOf).filter((fault) => fault !== undefined)).toEqual([]);
    // Stored as often as asked, and each once.
    const stored = await Promise.all(
      conversations.map(async ({ calls, id }) => (await calls.turns(id)).length),
    );
    expect(stored).toEqual(asked);
    const labels = new Set(answers.map(({ events }) => answerText(events).split(' ')[0]));
    times.sort((a, b) => a - b);
    console.log(
      `${answers.length} turns, ${labels.size} versions answered, a switch took ${Math.round(times[SWITCHES / 2] ?? 0)} ms in the middle, ${Math.round(times.at(-1) ?? 0)} at most`,
    );
  },
);
