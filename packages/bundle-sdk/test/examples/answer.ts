import { defineBundle } from '@switchyard/bundle-sdk';

export default defineBundle({
  id: 'hello',
  name: 'Hello',
  async executeCore(turn) {
    for (const word of ['Hello, ', turn.user.username ?? 'stranger', '!']) await turn.delta(word);
    return { followups: ['What can you do?'] };
  },
});
