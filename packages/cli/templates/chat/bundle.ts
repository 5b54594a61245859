import { defineBundle } from '@switchyard/bundle-sdk';

export default defineBundle({
  id: 'my-bundle',
  name: 'My bundle',
  starters: ['Hello!'],

  // Answers one message. Every delta is a piece of the answer that the reader sees at once.
  async executeCore(turn) {
    await turn.step('answer', { status: 'started', title: 'Thinking of an answer' });
    const words = `You said: ${turn.message}`.split(' ');
    for (const [at, word] of words.entries()) await turn.delta(at === 0 ? word : ` ${word}`);
    await turn.step('answer', { status: 'completed' });
    return { followups: ['Say it again'] };
  },
});
