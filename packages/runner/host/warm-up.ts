import { stripTypeScriptTypes } from 'node:module';

interface Sdk {
  readonly z: { object(shape: object): unknown; string(): { optional(): unknown } };
  defineBundle(definition: object): object;
  operation(definition: object): unknown;
}
interface Runtime {
  manifest(): unknown;
}

/**
 * The usual words of a typed program, once each. The stripper compiles what it meets when it meets it first: an empty text would leave
 * that to the first bundle, 5 to 20 ms of it.
 */
const PROGRAM = `
import { type A, b } from './a.ts';
interface Shape<T extends object = {}> { readonly a: string; b?: T[]; ask(n: number): Promise<void> }
type Union = { [K in keyof Shape]: Shape[K] } | 'x' | undefined;
export const run = async <T,>(a: T, { c = 1, ...rest }: { c?: number } = {}): Promise<T | undefined> => {
  for await (const each of b as AsyncIterable<string>) { if (each satisfies string) continue; }
  try { return a; } catch (error: unknown) { throw new Error(\`\${String(error)}\`); } finally { rest; }
};
export class Kept<T> extends Map<string, T> implements Other {
  readonly #size: number = 1;
  static made?: string;
  get own(): number { return this.#size; }
  async *each(): AsyncGenerator<number> { yield* [1, 2].map((n: number) => n ** 2); }
}
declare const known: number;
switch (known) { case 1: break; default: }
export default run<string>(b!, {});
`;

/** All that takes time at a first load and does not depend on the bundle: the SDK, the stripper, a definition and its schemas. */
export async function warmUp(sdkUrl: string, runtimeKey: symbol): Promise<void> {
  const { defineBundle, operation, z } = (await import(sdkUrl)) as Sdk;
  stripTypeScriptTypes(PROGRAM);
  const bundle = defineBundle({
    id: 'warm-up',
    name: 'Warm-up',
    executeCore: () => Promise.resolve(),
    operations: {
      ask: operation({
        allow: 'registered',
        input: z.object({ a: z.string(), b: z.string().optional() }),
        run: () => Promise.resolve(''),
      }),
    },
  });
  (Reflect.get(bundle, runtimeKey) as Runtime).manifest();
}
