import { defineBundle } from '@switchyard/bundle-sdk';

const WORDS = ['one ', 'two ', 'three ', 'four ', 'five ', 'six ', 'seven ', 'eight ', 'nine ', 'ten'];

/** Answers turns alone, in a process of its own: the flood is another bundle's. */
export default defineBundle({
  id: 'talker',
  name: 'Talker',
  async executeCore(turn) {
    for (const word of WORDS) await turn.delta(word);
  },
});
