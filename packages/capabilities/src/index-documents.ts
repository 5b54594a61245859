import type { TenantProject } from '@switchyard/protocol';
import type { Documents, Sql } from '@switchyard/store';
import { hashHex } from '@switchyard/kernel';
import { readMarkdownFolder } from './read-markdown-folder.ts';
import { splitMarkdown } from './split-markdown.ts';

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

/** Changes when the same file would be divided otherwise, so that an upgrade indexes everything again. */
const SPLIT_VERSION = '1';

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
      const sha256 = hashHex(`${SPLIT_VERSION}:${file.sha256}`);
      if (known.get(file.path) === sha256) continue;
      const { title, passages } = splitMarkdown(file.text, file.path);
      if (await documents.upsert({ collection, path: file.path, title, sha256, passages })) written += 1;
    }
    const removed = await documents.keepOnly(
      collection,
      files.map((file) => file.path),
    );
    return { found: files.length, written, removed: removed.length, skipped };
  });
}
