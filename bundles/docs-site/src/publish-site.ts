import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import type { Web } from '@switchyard/bundle-sdk';

const PAGE = 1000;
export const SEARCH_PATH = '/api/search';

/** Declares the search and deploys what the build made, unless exactly that is what the site has. Throws what a deploy is refused with. */
export async function publishSite(web: Pick<Web, 'route' | 'list' | 'deploy'>, dir: string): Promise<void> {
  // First, since it makes the site where there is none yet.
  const declared = await web.route(SEARCH_PATH, { methods: ['GET'] });
  if ('error' in declared) throw new Error(declared.error);
  const files = await readFiles(dir);
  const wanted = new Map(
    files.map(({ path, content }) => [path, createHash('sha256').update(content).digest('hex')]),
  );
  if (isSame(wanted, await publishedHashes(web))) return;
  const deployed = await web.deploy(
    files.map(({ path, content }) => ({ path, content: asText(content) ?? content })),
  );
  if ('error' in deployed) throw new Error(deployed.error);
}

async function readFiles(dir: string): Promise<{ path: string; content: Uint8Array }[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const file = path.join(entry.parentPath, entry.name);
        return {
          path: path.relative(dir, file).replaceAll(path.sep, '/'),
          content: await readFile(file),
        };
      }),
  );
}

async function publishedHashes(web: Pick<Web, 'list'>): Promise<Map<string, string>> {
  const hashes = new Map<string, string>();
  let cursor: string | undefined;
  do {
    const page = await web.list('', { limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
    for (const { path, sha256 } of page.items) hashes.set(path, sha256);
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  return hashes;
}

function isSame(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([path, hash]) => b.get(path) === hash);
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Text goes in the call itself; what is none goes beside it, and of that a call takes few. */
function asText(content: Uint8Array): string | undefined {
  try {
    return decoder.decode(content);
  } catch {
    return undefined;
  }
}
