// oxlint-disable import/no-default-export -- the default export is what a host loads
import { defineBundle, operation, z } from '@switchyard/bundle-sdk';

/** Replaced by tests that want two of them. */
const ID = 'broker';
const OTHER = 'mirror';

/** Asks other bundles in the name of whoever asks it. */
export default defineBundle({
  id: ID,
  name: 'Broker',
  capabilities: ['operations'],
  operations: {
    offered: operation({
      route: 'public',
      tool: true,
      needs: ['operations'],
      run: async (ctx) => (await ctx.operations.list()).map(({ bundle_id, name }) => `${bundle_id}.${name}`),
    }),
    ask: operation({
      route: 'public',
      input: z.object({ bundle: z.string(), name: z.string(), input: z.json().default({}) }),
      needs: ['operations'],
      run: async (ctx, { bundle, name, input }) => {
        try {
          return { output: await ctx.operations.call(bundle, name, input) };
        } catch (error) {
          return { code: (error as { code?: string }).code, message: String(error) };
        }
      },
    }),
    /** Asks its mirror, which asks it: how deep they come. */
    reflect: operation({
      tool: true,
      input: z.object({ depth: z.number() }),
      needs: ['operations'],
      run: async (ctx, { depth }): Promise<unknown> => {
        try {
          return await ctx.operations.call(OTHER, 'reflect', { depth: depth + 1 });
        } catch (error) {
          return { depth, code: (error as { code?: string }).code };
        }
      },
    }),
  },
});
