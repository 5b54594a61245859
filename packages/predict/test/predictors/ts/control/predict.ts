import { setTimeout as sleep } from 'node:timers/promises';
import { predictor, z } from '@switchyard/bundle-sdk';

export default predictor({
  input: z.object({
    action: z.string().default('nothing'),
    text: z.string().default(''),
    ms: z.int().default(0),
  }),
  output: z.string(),
  setup: () => ({ isHealthy: true }),
  healthcheck: ({ isHealthy }) => isHealthy,
  async predict({ action, text, ms }, ctx) {
    console.log(`begin ${action}`);
    if (action === 'sleep') await sleep(ms, undefined, { signal: ctx.signal });
    else if (action === 'deaf') await sleep(ms);
    else if (action === 'much')
      for (let line = 0; line < ms; line += 1) console.log(`${line} ${'x'.repeat(150)}`);
    else if (action === 'fail') throw new Error(text);
    else if (action === 'exit') process.exit(ms);
    else if (action === 'line') {
      console.log('x'.repeat(ms));
      console.log('after');
    } else if (action === 'return') process.stdout.write('a\rb\r\nc');
    else if (action === 'sick') ctx.setup.isHealthy = false;
    return text;
  },
});
