import { predictor, z } from '@switchyard/bundle-sdk';

export default predictor({
  input: z.object({ s: z.string().default('') }),
  output: z.string(),
  setup: () => {
    console.log('before');
    throw new Error('no weights here');
  },
  predict: ({ s }) => s,
});
