// oxlint-disable import/no-default-export -- the default export is what a host loads
import { defineBundle, httpHosts, operation, z } from '@switchyard/bundle-sdk';

const props = z.object({
  greeting: z.string().max(20).default('Hi'),
  times: z.number().int().min(1).default(1),
});
let changes = 0;

/** Says what it was set to, and tells its secrets where it should not. */
export default defineBundle({
  id: 'keeper',
  name: 'Keeper',
  props,
  secrets: ['api_key'],
  capabilities: [httpHosts('localhost', 'api.test'), 'exec'],
  onPropsChanged({ props: { greeting } }) {
    if (greeting === 'refused') throw new Error('not that word');
    changes += 1;
  },
  async executeCore(turn) {
    const key = await turn.secrets.get('api_key');
    console.log(`the key is ${key}`);
    await turn.step('look', { status: 'completed', data: { deep: [{ key }] } });
    await turn.delta(`key=${key}`);
    throw new Error(`failed with ${key}`);
  },
  operations: {
    greet: operation({
      props,
      run: (ctx) => ({ text: ctx.props.greeting.repeat(ctx.props.times), changes }),
    }),
    key: operation({
      secrets: ['api_key'],
      run: async (ctx) => {
        try {
          return (await ctx.secrets.get('api_key')).length;
        } catch (error) {
          return (error as { code?: string }).code;
        }
      },
    }),
    /** What an author does who forgets what is a secret. */
    spill: operation({
      secrets: ['api_key'],
      input: z.object({ into: z.enum(['answer', 'stream', 'error', 'header', 'bytes']) }),
      run: async (ctx, { into }) => {
        const key = await ctx.secrets.get('api_key');
        if (into === 'error') throw Object.assign(new Error(`refused with ${key}`), { name: key });
        if (into === 'stream') await ctx.notify('session', 'spilled', { key });
        if (into === 'header') return new Response('', { headers: { 'x-key': key } });
        if (into === 'bytes') return new Response(key);
        return { key, list: [`key=${key}`], [key]: true };
      },
    }),
    fetch: operation({
      needs: ['http', 'exec'],
      input: z.object({ url: z.string() }),
      run: async (ctx, { url }) => {
        try {
          if (url === 'exec') return await ctx.exec.run({ language: 'shell', code: '' });
          return await (await ctx.http.fetch(url)).text();
        } catch (error) {
          return (error as { code?: string }).code;
        }
      },
    }),
  },
});
