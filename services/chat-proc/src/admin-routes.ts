import { PlatformError } from '@switchyard/kernel';
import { defineRoute } from '@switchyard/http';
import type { Route } from '@switchyard/http';
import { idSchema } from '@switchyard/protocol';
import type { Registry } from '@switchyard/registry';
import { describeFailure } from '@switchyard/runner';
import type { Bundles } from '@switchyard/store';
import type { Log } from '@switchyard/telemetry';
import { z } from 'zod';
import { adminViewOf } from './bundle-views.ts';
import type { Guards } from './caller-of.ts';
import { requireSourceFolder } from './source-folders.ts';

export interface AdminParts {
  guards: Guards;
  registry: Pick<Registry, 'register' | 'setDefault' | 'reload' | 'failure'>;
  bundles: Pick<Bundles, 'list' | 'listVersions'>;
  /** Folders from which bundles may be registered; `*`: any. */
  sourceRoots: readonly string[];
  log: Log;
}

const VERSIONS_LOOKED_AT = 20;

const changeSchema = z.strictObject({
  op: z.literal('merge'),
  bundles: z.record(idSchema, z.strictObject({ path: z.string().min(1).max(4096) })).default({}),
  default_bundle_id: idSchema.optional(),
});

const issueSchema = z.object({ version_id: z.string(), error: z.string() }).nullable();
const adminListSchema = z.object({
  default_bundle_id: z.string().nullable(),
  bundles: z.array(
    z.looseObject({
      bundle_id: z.string(),
      active_version: z.string().nullable(),
      error: issueSchema,
      worker_error: issueSchema,
    }),
  ),
});
const changedSchema = z.object({
  status: z.enum(['ok', 'error']),
  bundles: z.record(
    z.string(),
    z.object({
      status: z.enum(['ok', 'unchanged', 'error']),
      version: z.string().optional(),
      error: z.string().optional(),
    }),
  ),
});
type Changed = z.output<typeof changedSchema>;

/** The admin's side of the registry (03 §7): look, register from folders, choose the default, read the rows again. */
export function createAdminRoutes(parts: AdminParts): Route[] {
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
      summary: 'Register bundles from folders of the worker, choose the default bundle',
      body: changeSchema,
      answer: changedSchema,
      async handle({ body, req, res }) {
        const caller = await guards.admin(req, res);
        const changed: Changed = { status: 'ok', bundles: {} };
        for (const [id, { path }] of Object.entries(body.bundles)) {
          changed.bundles[id] = await registerFrom(parts, id, path);
          if (changed.bundles[id].status === 'error') changed.status = 'error';
        }
        if (body.default_bundle_id !== undefined && !(await registry.setDefault(body.default_bundle_id))) {
          throw PlatformError.of('UNPROCESSABLE', 'default_bundle_id names no registered bundle.', {
            details: { field: 'default_bundle_id' },
          });
        }
        parts.log.info('bundles changed by an admin', {
          user_id: caller.userId,
          bundles: changed.bundles,
          default_bundle_id: body.default_bundle_id,
        });
        return changed;
      },
    }),
    defineRoute({
      ...shared,
      method: 'post',
      path: '/admin/integrations/bundles/reload-authority',
      summary: 'Have every worker read the registry again, now',
      answer: adminListSchema,
      async handle({ req, res }) {
        await guards.admin(req, res);
        await registry.reload();
        return listForAdmin(parts);
      },
    }),
  ];

  async function listForAdmin({ registry }: AdminParts) {
    const rows = await bundles.list();
    const views = rows.map(async (row) =>
      adminViewOf(
        row,
        await bundles.listVersions(row.bundle_id, VERSIONS_LOOKED_AT),
        registry.failure(row.bundle_id),
      ),
    );
    return {
      default_bundle_id: rows.find((row) => row.is_default)?.bundle_id ?? null,
      bundles: await Promise.all(views),
    };
  }
}

/** One bundle that cannot be registered does not keep the others from it; its author needs the reason. */
async function registerFrom(
  parts: AdminParts,
  id: string,
  path: string,
): Promise<Changed['bundles'][string]> {
  try {
    const dir = await requireSourceFolder(path, parts.sourceRoots);
    const { versionId, isNew } = await parts.registry.register({
      id,
      dir,
      ref: 'folder',
      activate: 'always',
    });
    return { status: isNew ? 'ok' : 'unchanged', version: versionId };
  } catch (error) {
    if (!(error instanceof PlatformError) || !error.expose) throw error;
    return { status: 'error', error: describeFailure(error) };
  }
}
