import { copyFile, link, mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { InputFile } from '../predictor.ts';

export interface LentFiles {
  readonly files: readonly InputFile[];
  takeBack(): Promise<void>;
}

/**
 * The files of one input where a host in a sandbox sees them: in its own folder, and nobody else's. Links where both lie on one disk:
 * a file may be large.
 */
export async function lendFiles(files: readonly InputFile[], folder: string, id: string): Promise<LentFiles> {
  if (files.length === 0) return { files, takeBack: async () => undefined };
  const root = path.join(folder, `inputs-${id}`);
  const lent: InputFile[] = [];
  for (const [at, file] of files.entries()) {
    const dir = path.join(root, String(at));
    await mkdir(dir, { recursive: true });
    const target = path.join(dir, path.basename(file.path));
    await link(file.path, target).catch(() => copyFile(file.path, target));
    lent.push({ ...file, path: target });
  }
  return { files: lent, takeBack: () => rm(root, { recursive: true, force: true }) };
}
