import { mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';

/** A worker that has not renewed its marker for this long is gone. Ten times the renewal. */
const STALE_MS = 5 * 60_000;
const FOLDER = '.in-use';

const markerSchema = z.object({ versions: z.array(z.string()) });

/**
 * Says to every process that shares the bundle store which versions this one uses. The markers lie in the store itself:
 * who can remove a version's folder can also read them. Ages are compared on the file system's own clock.
 */
export function createUseMarkers(storeDir: string, token: string) {
  const folder = path.join(storeDir, FOLDER);
  const own = path.join(folder, `${token}.json`);
  const part = `${own}.part`;

  let last: Promise<void> = Promise.resolve();

  // By a rename, so that no reader finds half a list; one after the other, so that the newest list stays.
  const write = (versions: readonly string[]): Promise<void> => {
    const next = last
      .catch(() => undefined)
      .then(async () => {
        await mkdir(folder, { recursive: true });
        await writeFile(part, JSON.stringify({ versions }));
        await rename(part, own);
      });
    last = next;
    return next;
  };

  return {
    write,
    async remove(): Promise<void> {
      await last.catch(() => undefined);
      await rm(own, { force: true });
    },
    /** Versions that any live process uses. Renews the own marker first: its time is "now" on that file system. */
    async readAll(ownVersions: readonly string[]): Promise<Set<string>> {
      await write(ownVersions);
      const now = (await stat(own)).mtimeMs;
      const used = new Set<string>(ownVersions);
      for (const name of await readdir(folder)) {
        if (!name.endsWith('.json')) continue;
        const file = path.join(folder, name);
        const found = await stat(file).catch(() => undefined);
        if (found === undefined) continue;
        if (now - found.mtimeMs > STALE_MS) await rm(file, { force: true });
        else for (const versionId of await readMarker(file)) used.add(versionId);
      }
      return used;
    },
  };
}

/** A marker that cannot be read stops the clean-up: better too much is kept than something in use removed. */
async function readMarker(file: string): Promise<string[]> {
  return markerSchema.parse(JSON.parse(await readFile(file, 'utf8'))).versions;
}
