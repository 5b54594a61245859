import { defineBundle } from '@switchyard/bundle-sdk';
import { makePlan } from './make-plan.ts';

const PAGE = 1000;

export default defineBundle({
  id: 'web-gateway',
  name: 'Web gateway',
  description: 'Says how the requests of sites are answered.',
  capabilities: ['web.serve'],
  channels: {
    'io:web:plan': async ({ plan_id: planId, settings }, ctx) => {
      const serve = ctx['web.serve'];
      const paths: string[] = [];
      let cursor: string | undefined;
      do {
        const options = cursor === undefined ? { limit: PAGE } : { limit: PAGE, cursor };
        const page = await serve.files(planId, options);
        paths.push(...page.items.map(({ path }) => path));
        cursor = page.next_cursor;
      } while (cursor !== undefined);
      const textOf = async (path: string): Promise<string> =>
        paths.includes(path) ? ((await serve.read(planId, path)) ?? '') : '';
      const [headers, redirects] = await Promise.all([textOf('_headers'), textOf('_redirects')]);
      await serve.plan(planId, makePlan({ paths, headers, redirects, settings }));
    },
  },
});
