import type { TenantProject } from '@switchyard/protocol';
import type { Documents, Sql } from '@switchyard/store';
import { addDocument, contentHash } from './add-document.ts';
import { readMarkdownFolder } from './read-markdown-folder.ts';

export interface IndexParts {
  sql: Pick<Sql, 'advisoryLock'>;
  documents: Documents;
  scope: TenantProject;
}

export interface IndexReport {
  /** Files found, written because they changed, and removed because they are gone. */
  found: number;
  written: number;
  removed: number;
  /** Left out: too large, or too many. */
  skipped: string[];
}

/**
 * Brings a collection to what a folder of markdown holds. One process at a time; the next one finds nothing to do, because
 * only content that changed is written. A folder without a single file leaves the collection as it is: an empty folder is a wrong
 * setting far more often than a wish to forget everything.
 */
export function indexMarkdownFolder(
  parts: IndexParts,
  dir: string,
  collection: string,
): Promise<IndexReport> {
  const { documents, scope } = parts;
  const key = `switchyard:documents:${scope.tenant}:${scope.project}:${collection}`;
  return parts.sql.advisoryLock(key, async () => {
    const skipped: string[] = [];
    const files = await readMarkdownFolder(dir, (path) => skipped.push(path));
    if (files.length === 0) return { found: 0, written: 0, removed: 0, skipped };
    const known = new Map(
      (await documents.list(collection)).map((document) => [document.path, document.sha256]),
    );
    let written = 0;
    for (const file of files) {
      if (known.get(file.path) === contentHash(file.sha256)) continue;
      if (await addDocument(documents, { ...file, collection })) written += 1;
    }
    const removed = await documents.keepOnly(
      collection,
      files.map((file) => file.path),
    );
    return { found: files.length, written, removed: removed.length, skipped };
  });
}
