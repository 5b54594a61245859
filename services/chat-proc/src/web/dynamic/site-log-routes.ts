import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { siteAliasSchema } from '@switchyard/web-store';
import { z } from 'zod';
import type { Guards } from '../../caller-of.ts';
import type { SiteLog } from './site-log.ts';

const entrySchema = z.object({
  time: z.string(),
  request_id: z.string(),
  method: z.string(),
  path: z.string(),
  status: z.number().int(),
  ms: z.number().int(),
  is_aborted: z.literal(true).optional(),
});

/** The last requests of a site, of all workers. */
export function createSiteLogRoutes({
  guards,
  siteLog,
}: {
  guards: Pick<Guards, 'admin'>;
  siteLog: Pick<SiteLog, 'read'>;
}): Route[] {
  return [
    defineRoute({
      tag: 'administration',
      guard: 'admin',
      method: 'get',
      path: '/admin/integrations/sites/:alias/logs',
      summary: 'The last requests of a site, oldest first; `after`: only those after a former `position`',
      params: z.object({ alias: siteAliasSchema }),
      query: z.object({
        after: z
          .string()
          .regex(/^\d{1,16}-\d{1,16}$/)
          .optional(),
        limit: z.coerce.number().int().min(1).max(1000).default(100),
      }),
      answer: z.object({ entries: z.array(entrySchema), position: z.string() }),
      async handle({ params: { alias }, query: { after, limit }, req, res }) {
        await guards.admin(req, res);
        return siteLog.read(alias, { limit, ...(after === undefined ? {} : { after }) });
      },
    }),
  ];
}
