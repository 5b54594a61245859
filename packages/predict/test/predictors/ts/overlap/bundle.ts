import { setTimeout as sleep } from 'node:timers/promises';
import { defineBundle, predictor, textIterator, z } from '@switchyard/bundle-sdk';

export default defineBundle({
  id: 'overlap',
  name: 'Overlap',
  limits: { concurrency: 4 },
  predict: predictor({
    input: z.object({ name: z.string(), n: z.int().default(3), wait_ms: z.int().default(20) }),
    output: textIterator(),
    async *predict({ name, n, wait_ms }, { signal }) {
      for (let step = 0; step < n; step += 1) {
        console.log(`${name} ${step}`);
        yield `${name}${step}`;
        await sleep(wait_ms, undefined, { signal });
      }
    },
  }),
});
