import { setTimeout as sleep } from 'node:timers/promises';
import { defineBundle, operation, z } from '@switchyard/bundle-sdk';
import { answer } from './answer.ts';

export default defineBundle({
  id: 'hello',
  name: 'Hello',
  description: 'The tutorial: greets you, repeats what you say, and counts.',
  starters: ['Hello!', 'Count to 20', 'How does this work?'],

  async executeCore(turn) {
    await turn.step('answer', { status: 'started', title: 'Thinking of an answer' });
    for (const { text, pauseMs } of answer(turn.message, turn.user.username ?? 'stranger')) {
      await turn.delta(text);
      await sleep(pauseMs, undefined, { signal: turn.signal }); // "Stop" in the page ends the wait, and so the turn
    }
    await turn.step('answer', { status: 'completed' });
    return { followups: ['Count to 50', 'Hello again!'] };
  },

  operations: {
    count: operation({
      description: 'Counts the characters of a text.',
      input: z.object({ text: z.string() }),
      output: z.object({ characters: z.number() }),
      allow: 'registered',
      run: (_ctx, { text }) => ({ characters: [...new Intl.Segmenter().segment(text)].length }),
    }),
  },
});
