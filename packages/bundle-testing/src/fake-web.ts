import { createHash } from 'node:crypto';
import type { FakeHandlers } from './fake-caller.ts';
import type { FakePlatform } from './fake-platform.ts';
import { namesBelow, pageOf } from './named-pages.ts';

export function createWeb({ site, responses }: FakePlatform): FakeHandlers['web'] {
  const deploy = {
    id: 'deploy-1',
    created_at: new Date(0).toISOString(),
    created_by: 'test',
    is_active: true,
    files: 0,
    bytes: 0,
    url: 'http://site.test/',
    problems: [],
  };
  return {
    async publish(_caller, path, content) {
      const created = !site.has(path);
      site.set(path, content);
      return { path, version: `${site.size}`, created };
    },
    unpublish: async (_caller, path) => ({ path, deleted: site.delete(path) }),
    async respond(_caller, requestId, answer) {
      if (!responses.has(requestId)) responses.set(requestId, answer);
      return { request_id: requestId, status: responses.get(requestId)?.status ?? answer.status };
    },
    async list(_caller, prefix, { limit, cursor }) {
      const { names, next } = pageOf(namesBelow(site.keys(), '', prefix), limit, cursor);
      const items = names.map((path) => {
        const content = Buffer.from(site.get(path) ?? '');
        const sha256 = createHash('sha256').update(content).digest('hex');
        return { path, size: content.length, content_type: 'application/octet-stream', sha256 };
      });
      return { items, ...next };
    },
    url: async (_caller, path) => `http://site.test/${path}`,
    async deploy(_caller, files) {
      site.clear();
      for (const { path, content } of files) site.set(path, content);
      return deploy;
    },
    deploys: async () => [deploy],
    rollback: async () => deploy,
    route: async (_caller, pattern) => ({ pattern }),
    purge: async () => ({ purged: true as const }),
  };
}

/** Every question is about the files of `site`. */
export function createWebServe(platform: FakePlatform): FakeHandlers['web.serve'] {
  const { list } = createWeb(platform);
  return {
    files: (caller, _planId, page) => list(caller, '', page),
    async read(_caller, _planId, path) {
      const content = platform.site.get(path);
      return content === undefined ? null : Buffer.from(content).toString();
    },
    async plan(_caller, planId, plan) {
      if (platform.plans.has(planId)) return false;
      platform.plans.set(planId, plan);
      return true;
    },
  };
}
