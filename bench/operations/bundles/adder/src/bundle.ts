// oxlint-disable import/no-default-export -- the default export is what a host loads
import { defineBundle, operation, z } from '@switchyard/bundle-sdk';

/** As little as an operation can do: what is measured is the way to it. */
export default defineBundle({
  id: 'adder',
  name: 'Adder',
  limits: { concurrency: 64 },
  operations: {
    add: operation({
      input: z.object({ a: z.number(), b: z.number() }),
      output: z.object({ sum: z.number() }),
      run: (_ctx, { a, b }) => ({ sum: a + b }),
    }),
  },
});
