import { setTimeout as sleep } from 'node:timers/promises';
import { predictor, z } from '@switchyard/bundle-sdk';

export default predictor({
  input: z.object({ text: z.string().default('') }),
  output: z.string(),
  setup: async () => {
    console.log('slow setup');
    await sleep(1000);
  },
  predict: ({ text }) => text,
});
