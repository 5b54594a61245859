/**
 * A bundle as authors write them, which every host that waits has loaded once: what Node's loader, the stripper of types, the SDK and
 * zod compile and find when they are first needed is there then, and the first real bundle does not wait for it. The usual words of a
 * typed program are in it, because the stripper compiles what it meets when it meets it. Plain text: it never runs anywhere else.
 */
export const SAMPLE_BUNDLE = `
import { defineBundle, operation, schedule, z } from '@switchyard/bundle-sdk';
interface Shape<T extends object = {}> { readonly a: string; b?: T[]; ask(n: number): Promise<void> }
type Union = { [K in keyof Shape]: Shape[K] } | 'x' | undefined;
const b: AsyncIterable<string> | string[] = [];
export const run = async <T,>(a: T, { c = 1, ...rest }: { c?: number } = {}): Promise<T | undefined> => {
  for await (const each of b as AsyncIterable<string>) { if (each satisfies string) continue; }
  try { return a; } catch (error: unknown) { throw new Error(\`\${String(error)}\`); } finally { void [rest, c]; }
};
export class Kept<T> extends Map<string, T> {
  readonly #size: number = 1;
  static made?: string;
  get own(): number { return this.#size; }
  async *each(): AsyncGenerator<number> { yield* [1, 2].map((n: number) => n ** 2); }
}
const known: Union = 'x';
switch (known as string) { case 'y': break; default: }
const settings = z.object({ greeting: z.string().max(20).default('Hi'), times: z.number().int().min(1).default(1) });
export default defineBundle({
  id: 'sample',
  name: 'Sample',
  props: settings,
  capabilities: ['kv'],
  async executeCore(turn) {
    await turn.delta(\`\${turn.message}!\`);
    return { followups: ['More?'] };
  },
  operations: {
    ask: operation({
      allow: 'registered',
      input: z.object({ a: z.string(), b: z.array(z.enum(['c', 'd'])).optional(), e: z.union([z.number(), z.null()]) }),
      output: z.object({ sum: z.number() }),
      run: async (_ctx, { a }): Promise<{ sum: number }> => ({ sum: (await run(a))!.length }),
    }),
  },
  schedules: { tidy: schedule({ cron: '0 3 * * *', run: async () => {} }) },
});
`;
