import { defineBundle } from '@switchyard/bundle-sdk';

/** The good neighbour: must not notice what the others do. */
export default defineBundle({
  id: 'bystander',
  name: 'Bystander',
  async executeCore(turn) {
    for (let index = 0; index < 5; index += 1) {
      await turn.delta(`${index}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  },
});
