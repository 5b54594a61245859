import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Whether there is something to hold generated code with: bubblewrap, or a container engine that the user named. Whether it starts, the service finds out. */
export const canHoldPrograms = (path: string, env: Readonly<Record<string, string | undefined>>): boolean =>
  (env['EXEC_ENGINE'] ?? '') !== '' ||
  path.split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, 'bwrap')));
