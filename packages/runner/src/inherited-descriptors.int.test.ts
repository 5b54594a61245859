import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { startable } from '../test/startable-levels.ts';

const PROGRAM = join(import.meta.dirname, '../test/heir-program.ts');

// Node marks what it was started with up to descriptor 16 as not to be handed on, and leaves what lies above a gap.
test.each(startable(['none', 'permission', 'bwrap']))(
  'at level %s a host has nothing of what the platform was started with',
  async (level) => {
    const folder = await mkdtemp(join(tmpdir(), 'switchyard-inherited-'));
    try {
      const file = join(folder, 'secret-of-the-launcher.txt');
      await writeFile(file, 'of the launcher alone');
      const launch = 'exec 5<"$1" 20<"$1" 41<"$1"; shift; exec "$@"';
      const proc = [process.execPath, '--no-warnings', PROGRAM, level];
      const { stdout } = await promisify(execFile)('bash', ['-c', launch, 'bash', file, ...proc]);
      expect(JSON.parse(stdout)).toEqual([]);
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
