/** One bundle in as many versions as are asked for: it answers with its label, in `words` words that are `wordMs` apart. */
export const codeOf = (label: string, { words = 1, wordMs = 0 } = {}): string => `
import { defineBundle, operation, z } from '@switchyard/bundle-sdk';
export default defineBundle({
  id: 'switched', name: '${label}', limits: { concurrency: 256 },
  async executeCore(turn) {
    for (let word = 0; word < ${words}; word += 1) {
      if (word > 0) await new Promise((resolve) => setTimeout(resolve, ${wordMs}));
      await turn.delta('${label} ');
    }
  },
  operations: {
    label: operation({ allow: 'registered', input: z.object({}), run: async () => '${label}' }),
  },
});
`;
