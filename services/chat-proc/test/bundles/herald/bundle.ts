// oxlint-disable import/no-default-export -- the default export is what a host loads
import { defineBundle, httpHosts, operation, z } from '@switchyard/bundle-sdk';

/** Sends webhooks where its caller says, as far as it may. */
export default defineBundle({
  id: 'herald',
  name: 'Herald',
  secrets: ['hook_key'],
  capabilities: [httpHosts('localhost', '127.0.0.1')],
  operations: {
    tell: operation({
      needs: ['http'],
      input: z.object({
        url: z.string(),
        n: z.number(),
        key: z.string().optional(),
        secret: z.string().optional(),
      }),
      run: async (ctx, { url, n, key, secret }) => {
        try {
          return await ctx.http.deliver({
            url,
            event: 'told',
            payload: { n },
            ...(key === undefined ? {} : { idempotencyKey: key }),
            ...(secret === undefined ? {} : { secret }),
          });
        } catch (error) {
          return (error as { code?: string }).code;
        }
      },
    }),
  },
});
