import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PlatformError } from '@switchyard/kernel';
import { secretDocumentSchema } from '@switchyard/protocol';
import type { SecretSource } from './secret-source.ts';

/**
 * Files that an orchestrator mounts: `bundles/<bundle>/<name>` and `platform/<name>`, each with one value; one line break at its end is
 * left out. Links are followed, as Kubernetes mounts them, and what begins with a dot is its own.
 */
export function createMountedFiles(dir: string): SecretSource {
  return {
    name: `files in ${dir}`,
    async load() {
      if (!(await isFolder(dir))) throw PlatformError.of('CONFIG', `secrets: there is no folder ${dir}`);
      const bundles: Record<string, Record<string, string>> = {};
      for (const bundle of await namesIn(join(dir, 'bundles')))
        bundles[bundle] = await readValues(join(dir, 'bundles', bundle));
      const platform = await readValues(join(dir, 'platform'));
      const parsed = secretDocumentSchema.safeParse({ bundles, platform });
      if (parsed.success) return parsed.data;
      const [issue] = parsed.error.issues;
      // The place alone: zod's message could quote what it found there.
      throw PlatformError.of(
        'CONFIG',
        `secrets: ${join(dir, ...(issue?.path.map(String) ?? []))} is no secret`,
      );
    },
  };
}

async function readValues(dir: string): Promise<Record<string, string>> {
  const values: Record<string, string> = {};
  for (const name of await namesIn(dir))
    values[name] = (await readFile(join(dir, name), 'utf8')).replace(/\r?\n$/u, '');
  return values;
}

async function namesIn(dir: string): Promise<string[]> {
  if (!(await isFolder(dir))) return [];
  return (await readdir(dir)).filter((name) => !name.startsWith('.')).toSorted();
}

async function isFolder(dir: string): Promise<boolean> {
  return stat(dir).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
