import { defineBundle, predictor, z } from '@switchyard/bundle-sdk';

export default defineBundle({
  id: 'adder',
  name: 'Adder',
  predict: predictor({
    input: z.object({ a: z.number(), b: z.number() }),
    output: z.number(),
    predict: ({ a, b }) => a + b,
  }),
});
