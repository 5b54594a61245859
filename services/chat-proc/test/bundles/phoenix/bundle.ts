// oxlint-disable import/no-default-export -- the default export is what a host loads
import { setTimeout as sleep } from 'node:timers/promises';
import { defineBundle, predictor, secretText, textIterator, z } from '@switchyard/bundle-sdk';

/** As the oracle, and it may be begun again where its process or its worker died. */
export default defineBundle({
  id: 'phoenix',
  name: 'Phoenix',
  predict: predictor({
    input: z.object({
      text: z.string().default('x'),
      n: z.int().default(2),
      wait_ms: z.int().default(0),
      end: z.enum(['well', 'fail', 'die']).default('well'),
      key: secretText().optional(),
    }),
    output: textIterator(),
    attempts: 3,
    async *predict({ text, n, wait_ms, end, key }, { signal, metric }) {
      console.log(`begin ${text} ${key?.reveal() ?? ''}`);
      for (let step = 0; step < n; step += 1) {
        yield `${text}${step} `;
        metric('steps', 1, 'increment');
        await sleep(wait_ms, undefined, { signal });
      }
      if (end === 'fail') throw new Error(`no answer for ${text}`);
      if (end === 'die') process.exit(3);
      console.log('end');
    },
  }),
});
