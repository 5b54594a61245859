import { defineRoute } from '@switchyard/http';
import type { Audited, Route } from '@switchyard/http';
import type { Registry } from '@switchyard/registry';
import type { Bundles } from '@switchyard/store';
import { z } from 'zod';
import { adminViewOf } from '../bundle-views.ts';
import type { Guards } from '../caller-of.ts';
import type { PropsFollower } from '../props/follow-props.ts';
import { changeBundles, changeSchema, changedSchema, servingNow } from './change-bundles.ts';
import type { ChangeBundlesParts } from './change-bundles.ts';

export interface RegistryRouteParts extends ChangeBundlesParts {
  guards: Guards;
  audited: Audited;
  registry: ChangeBundlesParts['registry'] & Pick<Registry, 'reload' | 'failure' | 'cleanUp'>;
  bundles: Pick<Bundles, 'list' | 'listVersions'>;
  follower: Pick<PropsFollower, 'problems'>;
}

const VERSIONS_LOOKED_AT = 20;

const issueSchema = z.object({ version_id: z.string(), error: z.string() }).nullable();
const adminListSchema = z.object({
  default_bundle_id: z.string().nullable(),
  bundles: z.array(
    z.looseObject({
      bundle_id: z.string(),
      active_version: z.string().nullable(),
      error: issueSchema,
      worker_error: issueSchema,
      /** Props that were set and that the version which serves refuses; they are kept for one that takes them. */
      props_not_applied: z.array(z.object({ name: z.string(), message: z.string() })),
    }),
  ),
});
/** The admin's side of the registry (03 §7): look, register from folders and repositories, choose the default, read the rows again. */
export function createRegistryRoutes(parts: RegistryRouteParts): Route[] {
  const { guards, registry, bundles } = parts;
  const shared = { tag: 'administration', guard: 'admin' } as const;
  return [
    defineRoute({
      ...shared,
      method: 'get',
      path: '/admin/integrations/bundles',
      summary: 'All bundles, their active versions and what is wrong with newer ones',
      answer: adminListSchema,
      async handle({ req, res }) {
        await guards.admin(req, res);
        return listForAdmin(parts);
      },
    }),
    defineRoute({
      ...shared,
      method: 'post',
      path: '/admin/integrations/bundles',
      summary: 'Register bundles from folders of the worker or from git, choose the default bundle',
      body: changeSchema,
      answer: changedSchema,
      async handle({ body, req, res }) {
        const caller = await guards.admin(req, res);
        return parts.audited({ caller, req, res }, 'bundle.register', '*', async () => {
          const before = await servingNow(bundles);
          const answer = await changeBundles(parts, body);
          return { before, after: await servingNow(bundles), answer };
        });
      },
    }),
    defineRoute({
      ...shared,
      method: 'post',
      path: '/admin/integrations/bundles/cleanup',
      summary: 'Remove versions that nobody needs',
      answer: z.object({ removed: z.array(z.string()) }),
      async handle({ req, res }) {
        const caller = await guards.admin(req, res);
        return parts.audited({ caller, req, res }, 'bundle.cleanup', '*', async () => {
          const removed = await registry.cleanUp();
          return { before: null, after: { removed }, answer: { removed } };
        });
      },
    }),
    defineRoute({
      ...shared,
      method: 'post',
      path: '/admin/integrations/bundles/reload-authority',
      summary: 'Have every worker read the registry again, now',
      answer: adminListSchema,
      async handle({ req, res }) {
        const caller = await guards.admin(req, res);
        return parts.audited({ caller, req, res }, 'bundle.reload', '*', async () => {
          const before = await servingNow(bundles);
          await registry.reload();
          return { before, after: await servingNow(bundles), answer: await listForAdmin(parts) };
        });
      },
    }),
  ];

  async function listForAdmin({ registry }: RegistryRouteParts) {
    const rows = await bundles.list();
    const views = rows.map(async (row) =>
      adminViewOf(
        row,
        await bundles.listVersions(row.bundle_id, VERSIONS_LOOKED_AT),
        registry.failure(row.bundle_id),
        parts.follower.problems(row.bundle_id),
      ),
    );
    return {
      default_bundle_id: rows.find((row) => row.is_default)?.bundle_id ?? null,
      bundles: await Promise.all(views),
    };
  }
}
