import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BundleRecord } from './records.ts';

const SOURCE = join(import.meta.dirname, 'bundle');

/**
 * Puts a bundle that keeps a journal into a folder of bundles, and answers its id. What its turns do is in their messages, as
 * `#say=20x15 #take`: twenty words with 15 ms between them; take what waits behind the turn; also `#fail` and `#hang`.
 * Its hosts must run with RUNNER_SANDBOX=none.
 */
export const prepareJournalBundle = async (
  bundlesDir: string,
  journalFile: string,
  id = 'journal',
): Promise<string> => {
  const dir = join(bundlesDir, id);
  await mkdir(dir, { recursive: true });
  await cp(SOURCE, dir, { recursive: true });
  const code = readFileSync(join(SOURCE, 'bundle.ts'), 'utf8');
  await writeFile(join(dir, 'bundle.ts'), code.replace("id: 'journal'", `id: '${id}'`));
  await writeFile(join(dir, 'journal-path.txt'), journalFile);
  return id;
};

/** What the hosts wrote, in their order. A host that was killed in the middle of its last line left a half one, which says nothing. */
export const readJournal = (journalFile: string): BundleRecord[] => {
  if (!existsSync(journalFile)) return [];
  return readFileSync(journalFile, 'utf8')
    .split('\n')
    .flatMap((line) => (line.endsWith('}') ? [JSON.parse(line) as BundleRecord] : []));
};
