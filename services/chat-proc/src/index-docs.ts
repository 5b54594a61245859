import { DOCS_COLLECTION, indexMarkdownFolder } from '@switchyard/capabilities';
import type { IndexParts } from '@switchyard/capabilities';
import type { Log } from '@switchyard/telemetry';

/** Indexes the documentation. Without it answers are poorer, but turns run: a failure is told and the start goes on. */
export async function indexDocs(parts: IndexParts, dir: string, log: Log): Promise<void> {
  try {
    const report = await indexMarkdownFolder(parts, dir, DOCS_COLLECTION);
    if (report.found === 0) log.warn('no documentation to index', { docs_dir: dir });
    else log.info('documentation indexed', { ...report });
  } catch (error) {
    log.error('documentation could not be indexed', { docs_dir: dir, error });
  }
}
