import { PlatformError } from '@switchyard/kernel';
import { defineRoute } from '@switchyard/http';
import type { Audited, Route } from '@switchyard/http';
import { idSchema } from '@switchyard/protocol';
import type { Registration, Registry, Sources } from '@switchyard/registry';
import { describeFailure } from '@switchyard/runner';
import type { BundleRow, Bundles } from '@switchyard/store';
import { z } from 'zod';
import { adminViewOf } from '../bundle-views.ts';
import type { Guards } from '../caller-of.ts';
import { requireSourceFolder } from '../source-folders.ts';

export interface RegistryRouteParts {
  guards: Guards;
  audited: Audited;
  registry: Pick<Registry, 'register' | 'setDefault' | 'reload' | 'failure' | 'remove' | 'cleanUp'>;
  sources: Pick<Sources, 'git'>;
  bundles: Pick<Bundles, 'list' | 'listVersions'>;
  /** Folders from which bundles may be registered; `*`: any. */
  sourceRoots: readonly string[];
  /** Whether folders may be watched: where they are somebody's workplace. */
  mayWatch: boolean;
}

const VERSIONS_LOOKED_AT = 20;

const sourceSchema = z.union([
  z.strictObject({ path: z.string().min(1).max(4096), watch: z.boolean().default(false) }),
  z.strictObject({
    git: z.strictObject({
      url: z.string().min(1).max(2000),
      ref: z.string().min(1).max(200),
      subdir: z.string().max(1000).optional(),
    }),
  }),
]);
type SourceInput = z.output<typeof sourceSchema>;

const changeSchema = z.strictObject({
  /** `merge`: these are added or changed. `replace`: others go too, but those that come with the platform. */
  op: z.enum(['merge', 'replace']),
  bundles: z.record(idSchema, sourceSchema).default({}),
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
      status: z.enum(['ok', 'unchanged', 'removed', 'error']),
      version: z.string().optional(),
      error: z.string().optional(),
    }),
  ),
});
type Changed = z.output<typeof changedSchema>;
type OneChange = Changed['bundles'][string];

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
          const before = await servingNow();
          const answer = await change(body);
          return { before, after: await servingNow(), answer };
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
        await guards.admin(req, res);
        await registry.reload();
        return listForAdmin(parts);
      },
    }),
  ];

  async function change({
    op,
    bundles: wanted,
    default_bundle_id: defaultId,
  }: z.output<typeof changeSchema>) {
    const changed: Changed = { status: 'ok', bundles: {} };
    for (const [id, source] of Object.entries(wanted))
      changed.bundles[id] = await registerOne(parts, id, source);
    if (defaultId !== undefined && !(await registry.setDefault(defaultId))) {
      throw PlatformError.of('UNPROCESSABLE', 'default_bundle_id names no registered bundle.', {
        details: { field: 'default_bundle_id' },
      });
    }
    if (op === 'replace')
      for (const row of await bundles.list())
        if (!Object.hasOwn(wanted, row.bundle_id) && isRemovable(row))
          changed.bundles[row.bundle_id] = await told(async () => {
            await registry.remove(row.bundle_id);
            return { status: 'removed' };
          });
    if (Object.values(changed.bundles).some(({ status }) => status === 'error')) changed.status = 'error';
    return changed;
  }

  /** For the audit log: which version of which bundle serves. */
  async function servingNow(): Promise<Record<string, string | null>> {
    const rows = await bundles.list();
    return Object.fromEntries(rows.map((row) => [row.bundle_id, row.active_version]));
  }

  async function listForAdmin({ registry }: RegistryRouteParts) {
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

/** What `replace` may take away: nothing that comes with the platform. */
function isRemovable({ source }: BundleRow): boolean {
  return source['kind'] !== 'builtin';
}

async function registerOne(parts: RegistryRouteParts, id: string, source: SourceInput): Promise<OneChange> {
  return told(async () => {
    const { versionId, isNew } = await register(parts, id, source);
    return { status: isNew ? 'ok' : 'unchanged', version: versionId };
  });
}

async function register(parts: RegistryRouteParts, id: string, source: SourceInput): Promise<Registration> {
  if ('git' in source) return parts.sources.git(source.git, { id });
  if (source.watch && !parts.mayWatch)
    throw PlatformError.of(
      'UNPROCESSABLE',
      'Folders are watched in development only; push the bundle instead.',
    );
  const dir = await requireSourceFolder(source.path, parts.sourceRoots);
  return parts.registry.register({ id, dir, ref: 'folder', activate: 'always', watch: source.watch });
}

/** One bundle that cannot be changed does not keep the others from it; its author needs the reason. */
async function told(change: () => Promise<OneChange>): Promise<OneChange> {
  try {
    return await change();
  } catch (error) {
    if (!(error instanceof PlatformError) || !error.expose) throw error;
    return { status: 'error', error: describeFailure(error) };
  }
}
