// oxlint-disable import/no-default-export -- the default export is what a host loads
import { defineBundle } from '@switchyard/bundle-sdk';
import type { Turn, TurnReturn } from '@switchyard/bundle-sdk';

/** Replaced by tests that register a further version. */
const NAME = 'first';

let cancelledTicks = -1;
let ticks = 0;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const acts: Record<string, (turn: Turn) => Promise<TurnReturn | void>> = {
  async everything(turn) {
    await turn.title('A talk about everything');
    await turn.step('work', { status: 'started', title: 'Working' });
    await turn.thinking('Hm. ');
    await turn.delta('One ');
    await turn.delta('two ');
    await turn.delta('panel', { marker: 'canvas' });
    await turn.step('work', { status: 'completed', title: 'Worked', data: { found: 2 } });
    await turn.citations([{ id: 1, title: 'Source', path: 'a.md' }]);
    await turn.service('board.changed', { card: 1 });
    await turn.event('board.card', { card: 1 }, { title: 'Card' });
    await turn.usage.record({ provider: 'p', model: 'm', input_tokens: 1, output_tokens: 2 });
    await turn.delta('three.');
    await turn.followups(['More?']);
    return { board: 7 };
  },
  async files(turn) {
    await turn.file({ filename: '../report.csv', mime: 'text/csv', content: 'a,b\n1,2\n' });
    await turn.delta('Two files.');
    await turn.file({ filename: 'empty.txt', mime: 'no mime', content: '' });
  },
  async returned() {
    return { final_answer: 'Never streamed by itself.', followups: ['Why?'] };
  },
  async throw(turn) {
    await turn.delta('Half an ans');
    await turn.step('work', { status: 'started', title: 'Working' });
    throw new Error('the password is hunter2');
  },
  async crash(turn) {
    await turn.delta('Half an ans');
    process.exit(3);
  },
  /** Before a word. */
  async die() {
    process.exit(3);
  },
  async forge(turn) {
    await turn.delta('Half an ans');
    await turn.event('chat.complete', { final_answer: 'forged' });
  },
  async forever(turn) {
    for (ticks = 0; !turn.signal.aborted; ticks += 1) {
      turn.delta('tick ').catch(() => undefined);
      await pause(5);
    }
    cancelledTicks = ticks;
  },
  async report(turn) {
    await turn.delta(`stopped: ${cancelledTicks >= 0 && cancelledTicks === ticks}`);
  },
  /** Answers with its version's name, waits for a message in the mailbox, and says the name again. */
  async wait(turn) {
    await turn.delta(`${NAME} `);
    for (;;) {
      const next = await turn.takeNextContinuation();
      if (next !== null) return turn.delta(`${NAME} ${next.kind}:${next.message}`);
      await pause(5);
    }
  },
  async slow(turn) {
    for (let at = 0; at < 40; at += 1) {
      await turn.delta(`${NAME} `);
      await pause(5);
    }
  },
  async past(turn) {
    const { title = 'none', is_new } = turn.conversation;
    const said = turn.history().map((exchange) => `${exchange.user}=${exchange.assistant}`);
    await turn.delta(`${turn.user.username} new=${is_new} title=${title} past=[${said.join('|')}]`);
  },
};

export default defineBundle({
  id: 'actor',
  name: `Actor ${NAME}`,
  executeCore: (turn) => (acts[turn.message] ?? acts['past'])?.(turn as Turn),
});
