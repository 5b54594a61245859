import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { PlatformError } from '@switchyard/kernel';
import { idSchema, siteProblemSchema } from '@switchyard/protocol';
import type { Publisher, SiteRows } from '@switchyard/web-store';
import { z } from 'zod';
import type { Guards } from '../../caller-of.ts';
import type { createDeployViews } from '../sites/deploy-view.ts';
import { SITE, siteParams } from './site-routes.ts';
import { differenceOf, differenceSchema, requireSite } from './site-views.ts';

export interface DeployRouteParts {
  readonly guards: Pick<Guards, 'admin'>;
  readonly rows: SiteRows;
  readonly publisher: Pick<Publisher, 'active'>;
  readonly views: ReturnType<typeof createDeployViews>;
}

export const deployViewSchema = z.object({
  id: z.string(),
  created_at: z.string(),
  created_by: z.string(),
  is_active: z.boolean(),
  files: z.number().int(),
  bytes: z.number().int(),
  problems: z.array(siteProblemSchema),
  url: z.string(),
});
const fileSchema = z.object({
  path: z.string(),
  size: z.number().int(),
  content_type: z.string(),
  sha256: z.string(),
  modified: z.string(),
});

const LISTED = 200;
export const deployParams = siteParams.extend({ deploy: idSchema });

/** The deploys of a site (05): what there is, which one serves, what is in them. */
export function createDeployRoutes({ guards, rows, publisher, views }: DeployRouteParts): Route[] {
  const shared = { tag: 'administration', guard: 'admin' } as const;
  const requireDeploy = async (alias: string, deployId: string) => {
    const found = await rows.findDeploy(alias, deployId);
    if (found === undefined) throw PlatformError.of('NOT_FOUND');
    return found;
  };
  return [
    defineRoute({
      ...shared,
      method: 'get',
      path: `${SITE}/deploys`,
      summary: 'The deploys of a site, newest first, each with the address of its preview',
      params: siteParams,
      answer: z.object({ active_deploy: z.string().nullable(), deploys: z.array(deployViewSchema) }),
      async handle({ params: { alias }, req, res }) {
        await guards.admin(req, res);
        const { active_deploy: active } = await requireSite(rows, alias);
        const deploys = (await rows.listDeploys(alias, LISTED)).map((row) => views.of(alias, row));
        return { active_deploy: active, deploys };
      },
    }),
    defineRoute({
      ...shared,
      method: 'get',
      path: `${SITE}/deploys/:deploy`,
      summary: 'One deploy, and how it differs from the one that serves',
      params: deployParams,
      answer: deployViewSchema.extend({ difference: differenceSchema }),
      async handle({ params: { alias, deploy }, req, res }) {
        await guards.admin(req, res);
        const row = await requireDeploy(alias, deploy);
        const { manifest } = await publisher.active(alias);
        return { ...views.of(alias, row), difference: differenceOf(manifest, row.manifest) };
      },
    }),
    defineRoute({
      ...shared,
      method: 'get',
      path: `${SITE}/deploys/:deploy/files`,
      summary:
        'The files of a deploy by path, a page at a time; `cursor`: the `next_cursor` of the page before',
      params: deployParams,
      query: z.object({
        cursor: z.string().max(1000).default(''),
        limit: z.coerce.number().int().min(1).max(1000).default(500),
      }),
      answer: z.object({ files: z.array(fileSchema), next_cursor: z.string().optional() }),
      async handle({ params: { alias, deploy }, query: { cursor, limit }, req, res }) {
        await guards.admin(req, res);
        const { manifest } = await requireDeploy(alias, deploy);
        const left = Object.entries(manifest)
          .filter(([path]) => path > cursor)
          .toSorted(([one], [other]) => (one < other ? -1 : 1));
        const files = left.slice(0, limit).map(([path, { size, type, sha256, modified }]) => ({
          path,
          size,
          content_type: type,
          sha256,
          modified: new Date(modified * 1000).toISOString(),
        }));
        const last = files.at(-1);
        return { files, ...(left.length > limit && last !== undefined ? { next_cursor: last.path } : {}) };
      },
    }),
  ];
}
