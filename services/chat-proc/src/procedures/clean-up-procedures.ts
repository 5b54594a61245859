import type { BundleStore } from '@switchyard/registry';
import { createProcedureVersions } from '@switchyard/store';
import type { Sql } from '@switchyard/store';
import type { TenantProject } from '@switchyard/protocol';

/** Between the look at a source and the row of its prediction lies its setup at most, and what is idle has no process any more. */
const UNUSED_MS = 60 * 60_000;
const BATCH = 500;

export interface CleanUpParts {
  readonly sql: Sql;
  readonly scope: TenantProject;
  readonly bundleStore: Pick<BundleStore, 'remove'>;
  /** How long an idle process is kept. */
  readonly idleMs: number;
}

/** Held while a version's row and its folder are brought to agree. */
export function procedureLock({ tenant, project }: TenantProject, versionId: string): string {
  return `switchyard:procedure:${tenant}:${project}:${versionId}`;
}

/** Removes the versions of procedures that no prediction names. Returns their ids. */
export async function cleanUpProcedures({
  sql,
  scope,
  bundleStore,
  idleMs,
}: CleanUpParts): Promise<string[]> {
  const versions = createProcedureVersions(sql, scope);
  const olderMs = Math.max(UNUSED_MS, 2 * idleMs);
  const removed: string[] = [];
  for (const versionId of await versions.listUnused(olderMs, BATCH)) {
    await sql.advisoryLock(procedureLock(scope, versionId), async () => {
      if (!(await versions.forget(versionId, olderMs))) return;
      await bundleStore.remove(versionId);
      removed.push(versionId);
    });
  }
  return removed;
}
