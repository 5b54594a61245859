import { setTimeout as sleep } from 'node:timers/promises';
import { defineBundle, predictor, z } from '@switchyard/bundle-sdk';

export default defineBundle({
  id: 'waiting',
  name: 'Waiting',
  limits: { concurrency: 128 },
  predict: predictor({
    input: z.object({ ms: z.int() }),
    output: z.int(),
    async predict({ ms }, { signal }) {
      await sleep(ms, undefined, { signal });
      return ms;
    },
  }),
});
