import { PlatformError } from '@switchyard/kernel';
import { defineRoute } from '@switchyard/http';
import type { Audited, Route } from '@switchyard/http';
import { idSchema } from '@switchyard/protocol';
import type { Registry } from '@switchyard/registry';
import type { Bundles } from '@switchyard/store';
import { z } from 'zod';
import { versionViewOf } from '../bundle-views.ts';
import type { Guards } from '../caller-of.ts';

export interface VersionRouteParts {
  guards: Guards;
  audited: Audited;
  registry: Pick<Registry, 'rollBack' | 'remove'>;
  bundles: Pick<Bundles, 'find' | 'listVersions'>;
}

const LISTED = 100;
const params = z.object({ bundle: idSchema });
const versionsSchema = z.object({
  bundle_id: z.string(),
  active_version: z.string().nullable(),
  versions: z.array(z.looseObject({ version: z.string(), status: z.string(), is_active: z.boolean() })),
});

/** The versions of one bundle (03 §7): what there is, going back, and the end of all of them. */
export function createVersionRoutes({ guards, audited, registry, bundles }: VersionRouteParts): Route[] {
  const shared = { tag: 'administration', guard: 'admin', params } as const;
  const path = '/admin/integrations/bundles/:bundle';
  const activeOf = async (bundleId: string): Promise<string | null> => {
    const row = await bundles.find(bundleId);
    if (row === undefined) throw PlatformError.of('NOT_FOUND');
    return row.active_version;
  };
  return [
    defineRoute({
      ...shared,
      method: 'get',
      path: `${path}/versions`,
      summary: 'Versions of a bundle, newest first',
      answer: versionsSchema,
      async handle({ params: { bundle }, req, res }) {
        await guards.admin(req, res);
        const active = await activeOf(bundle);
        const versions = (await bundles.listVersions(bundle, LISTED)).map((row) =>
          versionViewOf(row, active),
        );
        return { bundle_id: bundle, active_version: active, versions };
      },
    }),
    defineRoute({
      ...shared,
      method: 'post',
      path: `${path}/rollback`,
      summary: 'Have a former version serve again',
      body: z.strictObject({ version: z.string().min(1).max(300) }),
      answer: z.object({ status: z.enum(['ok', 'unchanged']), version: z.string() }),
      async handle({ params: { bundle }, body: { version }, req, res }) {
        const caller = await guards.admin(req, res);
        return audited({ caller, req, res }, 'bundle.rollback', bundle, async () => {
          const before = await activeOf(bundle);
          const isNew = await registry.rollBack(bundle, version);
          const answer = { status: isNew ? 'ok' : 'unchanged', version };
          return { before: { version: before }, after: { version }, answer };
        });
      },
    }),
    defineRoute({
      ...shared,
      method: 'delete',
      path,
      summary: 'Remove a bundle and all its versions',
      answer: z.object({ status: z.literal('removed') }),
      async handle({ params: { bundle }, req, res }) {
        const caller = await guards.admin(req, res);
        return audited({ caller, req, res }, 'bundle.remove', bundle, async () => {
          const before = await activeOf(bundle);
          if (!(await registry.remove(bundle))) throw PlatformError.of('NOT_FOUND');
          return { before: { version: before }, after: null, answer: { status: 'removed' } };
        });
      },
    }),
  ];
}
