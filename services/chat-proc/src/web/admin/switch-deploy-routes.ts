import { defineRoute } from '@switchyard/http';
import type { Audited, Route } from '@switchyard/http';
import type { Publisher } from '@switchyard/web-store';
import { z } from 'zod';
import { deployParams, deployViewSchema } from './deploy-routes.ts';
import type { DeployRouteParts } from './deploy-routes.ts';
import { SITE, siteParams } from './site-routes.ts';
import { requireSite } from './site-views.ts';

export interface SwitchDeployParts extends Omit<DeployRouteParts, 'publisher'> {
  readonly audited: Audited;
  readonly publisher: Pick<Publisher, 'rollback' | 'unpublish'>;
}

/** Another deploy comes to serve: a certain one, the one before, or the one that serves without a file. */
export function createSwitchDeployRoutes({
  guards,
  audited,
  rows,
  publisher,
  views,
}: SwitchDeployParts): Route[] {
  const shared = { tag: 'administration', guard: 'admin' } as const;
  const activeOf = async (alias: string) => (await requireSite(rows, alias)).active_deploy;
  return [
    defineRoute({
      ...shared,
      method: 'post',
      path: `${SITE}/deploys/:deploy/activate`,
      summary: 'Have a deploy serve, from the next request on',
      params: deployParams,
      answer: deployViewSchema,
      async handle({ params: { alias, deploy }, req, res }) {
        const caller = await guards.admin(req, res);
        return audited({ caller, req, res }, 'site.activate', alias, async () => {
          const before = await activeOf(alias);
          const answer = await views.find(alias, await publisher.rollback(alias, deploy));
          return { before: { deploy: before }, after: { deploy }, answer };
        });
      },
    }),
    defineRoute({
      ...shared,
      method: 'post',
      path: `${SITE}/rollback`,
      summary: 'Have the deploy serve again that served before this one',
      params: siteParams,
      answer: deployViewSchema,
      async handle({ params: { alias }, req, res }) {
        const caller = await guards.admin(req, res);
        return audited({ caller, req, res }, 'site.rollback', alias, async () => {
          const before = await activeOf(alias);
          const answer = await views.find(alias, await publisher.rollback(alias));
          return { before: { deploy: before }, after: { deploy: answer.id }, answer };
        });
      },
    }),
    defineRoute({
      ...shared,
      method: 'post',
      path: `${SITE}/unpublish`,
      summary: 'Take one file away, by a deploy that is the one which serves without it',
      params: siteParams,
      body: z.strictObject({ path: z.string().min(1).max(1000) }),
      answer: z.object({ path: z.string(), deleted: z.boolean() }),
      async handle({ params: { alias }, body: { path }, req, res }) {
        const caller = await guards.admin(req, res);
        return audited({ caller, req, res }, 'site.unpublish', alias, async () => {
          const before = await activeOf(alias);
          const answer = await publisher.unpublish(alias, path, caller.username ?? caller.userId);
          return {
            before: { deploy: before },
            after: { path: answer.path, deploy: await activeOf(alias) },
            answer,
          };
        });
      },
    }),
  ];
}
