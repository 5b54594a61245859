import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const PROGRAM = path.join(import.meta.dirname, '../../test/heir-program.ts');
const CODE = `import os, stat
def predict() -> str:
    found = []
    for fd in range(65):
        for read in (lambda: os.pread(fd, 100, 0), lambda: open(f"/proc/self/fd/{fd}", "rb").read(100)):
            try:
                if stat.S_ISREG(os.fstat(fd).st_mode): found.append(f"{fd}: {read().decode()}")
            except OSError: pass
    return "; ".join(found)
`;

// Node marks what it was started with up to descriptor 16 as not to be handed on, and leaves what lies above a gap.
test.each(['none', 'bwrap'])(
  'a predictor in Python has nothing of what its server was started with, sandbox: %s',
  { timeout: 120_000 },
  async (sandbox) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'switchyard-inherited-'));
    try {
      const secret = path.join(folder, 'secret-of-the-launcher.txt');
      await writeFile(secret, 'of the launcher alone');
      // Nor does the shell that closes them run what there is for shells.
      await writeFile(path.join(folder, '.bashrc'), 'exit 99');
      const predictor = path.join(folder, 'predictor');
      await mkdir(predictor);
      await writeFile(path.join(predictor, 'predict.py'), CODE);
      const launch = 'exec 5<"$1" 20<"$1" 41<"$1"; export HOME="$2"; shift 2; exec "$@"';
      const server = [process.execPath, '--no-warnings', PROGRAM, predictor, sandbox];
      const words = ['--norc', '-c', launch, 'bash', secret, folder, ...server];
      const { stdout } = await promisify(execFile)('bash', words);
      expect(JSON.parse(stdout)).toMatchObject({ status: 'succeeded', output: '' });
    } finally {
      await rm(folder, { recursive: true });
    }
  },
);
