import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { defineBundle, job, webScope } from '@switchyard/bundle-sdk';
import { SEARCH_PATH, publishSite } from './publish-site.ts';
import { answerSearch } from './search/answer-search.ts';
import { loadSearch } from './search/load-search.ts';
import type { Search } from './search/load-search.ts';

const DIST = path.join(import.meta.dirname, '../dist');
const SITE = 'docs';

// Read at the first question: a worker that nobody asks holds no index.
let search: Promise<Search> | undefined;
let resultsPage: Promise<string> | undefined;

export default defineBundle({
  id: 'docs-site',
  name: 'Documentation',
  description: 'The documentation of this installation as a site, with a search.',
  capabilities: [webScope({ site: SITE, ops: ['route', 'list', 'deploy'] })],
  jobs: {
    publish: job({
      onServe: true,
      attempts: 5,
      backoff: { kind: 'exponential', delayMs: 1000 },
      needs: ['web'],
      run: (ctx) => publishSite(ctx.web, path.join(DIST, 'site')),
    }),
  },
  web: {
    site: SITE,
    path: SEARCH_PATH,
    methods: ['GET'],
    fetch: async (request) => {
      search ??= loadSearch(path.join(DIST, 'sections.json'));
      resultsPage ??= readFile(path.join(DIST, 'results.html'), 'utf8');
      return answerSearch(request, await search, await resultsPage);
    },
  },
});
