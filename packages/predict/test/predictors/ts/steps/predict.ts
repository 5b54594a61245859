import { setTimeout as sleep } from 'node:timers/promises';
import { predictor, textIterator, z } from '@switchyard/bundle-sdk';

export default predictor({
  input: z.object({ n: z.int(), wait_ms: z.int().default(0), fail_at: z.int().default(-1) }),
  output: textIterator(),
  async *predict({ n, wait_ms, fail_at }, ctx) {
    for (let step = 0; step < n; step += 1) {
      if (step === fail_at) throw new Error(`failed at ${step}`);
      console.log(`step ${step}`);
      ctx.metric('steps.done', 1, 'increment');
      ctx.metric('steps.names', `s${step}`, 'append');
      yield `${step} `;
      if (wait_ms > 0) await sleep(wait_ms, undefined, { signal: ctx.signal });
    }
    process.stdout.write('no line end');
    process.stdout.write(' here');
  },
});
