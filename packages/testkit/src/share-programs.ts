import { mkdir, symlink } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { join } from 'node:path';

/** What bundle hosts run, made once for all runs of this checkout: half a second of two processors. */
export const PROGRAMS_DIR = fileURLToPath(new URL('../../../.cache/programs', import.meta.url));

/** Lets a worker whose `RUNNER_WORK_DIR` this folder will be find the program of hosts there. */
export const sharePrograms = async (workDir: string): Promise<void> => {
  await mkdir(PROGRAMS_DIR, { recursive: true });
  await mkdir(workDir, { recursive: true });
  await symlink(PROGRAMS_DIR, join(workDir, 'programs'));
};
