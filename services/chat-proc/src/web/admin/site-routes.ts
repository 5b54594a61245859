import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { siteAliasSchema } from '@switchyard/web-store';
import type { SiteRows } from '@switchyard/web-store';
import { z } from 'zod';
import type { Guards } from '../../caller-of.ts';
import type { SiteUrls } from '../sites/site-urls.ts';
import { requireSite, siteView, siteViewSchema } from './site-views.ts';

export interface SiteRouteParts {
  readonly guards: Pick<Guards, 'admin'>;
  readonly rows: Pick<SiteRows, 'find' | 'list'>;
  readonly urls: SiteUrls;
}

export const SITES = '/admin/integrations/sites';
export const SITE = `${SITES}/:alias`;
export const siteParams = z.object({ alias: siteAliasSchema });

/** The sites that there are, as the administrator sees them. */
export function createSiteRoutes({ guards, rows, urls }: SiteRouteParts): Route[] {
  const shared = { tag: 'administration', guard: 'admin' } as const;
  return [
    defineRoute({
      ...shared,
      method: 'get',
      path: SITES,
      summary: 'All sites by name, a page at a time; `cursor`: the `next_cursor` of the page before',
      query: z.object({
        cursor: z.string().max(63).default(''),
        limit: z.coerce.number().int().min(1).max(500).default(100),
      }),
      answer: z.object({ sites: z.array(siteViewSchema), next_cursor: z.string().optional() }),
      async handle({ query: { cursor, limit }, req, res }) {
        await guards.admin(req, res);
        const found = await rows.list(cursor, limit + 1);
        const sites = found.slice(0, limit).map((row) => siteView(row, urls));
        const last = sites.at(-1);
        return {
          sites,
          ...(found.length > limit && last !== undefined ? { next_cursor: last.alias } : {}),
        };
      },
    }),
    defineRoute({
      ...shared,
      method: 'get',
      path: SITE,
      summary: 'One site',
      params: siteParams,
      answer: siteViewSchema,
      async handle({ params: { alias }, req, res }) {
        await guards.admin(req, res);
        return siteView(await requireSite(rows, alias), urls);
      },
    }),
  ];
}
