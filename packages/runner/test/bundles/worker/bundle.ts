import { readFileSync, writeFileSync } from 'node:fs';
import { defineBundle, operation, z } from '@switchyard/bundle-sdk';

/** Computes: one thing at a time in a process, up to three processes. */
export default defineBundle({
  id: 'worker',
  name: 'Worker',
  props: z.object({ greeting: z.string().default('Hello') }),
  limits: { concurrency: 1, instances: 3, idleMs: 60_000, wallMs: 60_000 },
  async executeCore(turn) {
    await turn.delta(`${turn.props.greeting} ${process.pid}`);
    await new Promise((resolve) => setTimeout(resolve, Number(turn.message)));
  },
  operations: {
    who: operation({ run: () => process.pid }),
    slow: operation({
      timeoutMs: 200,
      run: (ctx) =>
        new Promise((_resolve, reject) =>
          ctx.signal.addEventListener('abort', () => reject(new Error('aborted'))),
        ),
    }),
    self: operation({ run: () => readFileSync(import.meta.filename, 'utf8').length }),
    rewrite: operation({ run: () => writeFileSync(import.meta.filename, 'changed') }),
  },
});
