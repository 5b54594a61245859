import { defineBundle } from '@switchyard/bundle-sdk';

const WORDS = ['one ', 'two ', 'three ', 'four ', 'five ', 'six ', 'seven ', 'eight ', 'nine ', 'ten'];

/** Answers at once with ten deltas: the same work as the peer's worker, see ../../../words.ts. */
export default defineBundle({
  id: 'ten-words',
  name: 'Ten words',
  async executeCore(turn) {
    for (const word of WORDS) await turn.delta(word);
  },
});
