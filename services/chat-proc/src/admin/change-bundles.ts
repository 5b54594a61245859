import { PlatformError } from '@switchyard/kernel';
import { idSchema } from '@switchyard/protocol';
import type { Registration, Registry, Sources } from '@switchyard/registry';
import { describeFailure } from '@switchyard/runner';
import type { BundleRow, Bundles } from '@switchyard/store';
import { z } from 'zod';
import { requireSourceFolder } from '../source-folders.ts';

export interface ChangeBundlesParts {
  registry: Pick<Registry, 'register' | 'setDefault' | 'remove'>;
  sources: Pick<Sources, 'git'>;
  bundles: Pick<Bundles, 'list'>;
  /** Folders from which bundles may be registered; `*`: any. */
  sourceRoots: readonly string[];
  /** Whether folders may be watched: where they are somebody's workplace. */
  mayWatch: boolean;
}

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

/** Body of `POST /admin/integrations/bundles`. */
export const changeSchema = z.strictObject({
  /** `merge`: these are added or changed. `replace`: others go too, but those that come with the platform. */
  op: z.enum(['merge', 'replace']),
  bundles: z.record(idSchema, sourceSchema).default({}),
  default_bundle_id: idSchema.optional(),
});

/** What became of each; `error` when one of them could not be done. */
export const changedSchema = z.object({
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

/** Registers, removes and chooses what the body says. Rejects UNPROCESSABLE for a default that is no bundle. */
export async function changeBundles(
  parts: ChangeBundlesParts,
  { op, bundles: wanted, default_bundle_id: defaultId }: z.output<typeof changeSchema>,
): Promise<Changed> {
  const { registry, bundles } = parts;
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
export async function servingNow(bundles: Pick<Bundles, 'list'>): Promise<Record<string, string | null>> {
  const rows = await bundles.list();
  return Object.fromEntries(rows.map((row) => [row.bundle_id, row.active_version]));
}

/** What `replace` may take away: nothing that comes with the platform. */
function isRemovable({ source }: BundleRow): boolean {
  return source['kind'] !== 'builtin';
}

async function registerOne(parts: ChangeBundlesParts, id: string, source: SourceInput): Promise<OneChange> {
  return told(async () => {
    const { versionId, isNew } = await register(parts, id, source);
    return { status: isNew ? 'ok' : 'unchanged', version: versionId };
  });
}

async function register(parts: ChangeBundlesParts, id: string, source: SourceInput): Promise<Registration> {
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
