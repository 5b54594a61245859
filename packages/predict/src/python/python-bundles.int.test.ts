import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Deadline, systemClock } from '@switchyard/kernel';
import { silentLog } from '@switchyard/telemetry';
import { expect, test } from 'vitest';
import { PythonBundles } from './python-bundles.ts';
import { createStatusListener } from './status-listener.ts';

/**
 * A host that is done with everything between two looks of its server: the first look at the schema finds half of it, and by then setup has
 * succeeded. Half is a pipe, which shows when it is read.
 */
const QUICK_HOST = `#!/usr/bin/env python3
import json, os, sys
os.chdir(sys.argv[sys.argv.index("--working-dir") + 1])
schemas = {"Input": {"type": "object", "properties": {}}, "Output": {"type": "string"}}
os.mkfifo("openapi.json")
for name, value in (("setup_result.json", {"status": "succeeded", "marks": True}), ("ready", {}), (".whole", {"components": {"schemas": schemas}})):
    with open(name + ".part", "w") as file:
        json.dump(value, file)
    os.rename(name + ".part", name)
half = open("openapi.json", "w")
os.rename(".whole", "openapi.json")
half.write("{")
half.close()
os.write(3, b"READY\\n")
sys.stdin.read()
`;

test(
  'a version whose process was ready before its schema was seen is inspected all the same',
  { timeout: 60_000 },
  async () => {
    const root = await mkdtemp(path.join(tmpdir(), 'switchyard-quick-'));
    const [dir, pythonPath] = [path.join(root, 'version'), path.join(root, 'quick-host')];
    await mkdir(dir);
    await writeFile(path.join(dir, 'predict.py'), 'def predict() -> str:\n    return ""\n');
    await writeFile(pythonPath, QUICK_HOST);
    await chmod(pythonPath, 0o755);
    const status = await createStatusListener();
    const python = new PythonBundles({
      config: { pythonPath },
      idleMs: 60_000,
      folder: root,
      status,
      env: { PATH: process.env['PATH'] },
      clock: systemClock,
      log: silentLog,
    });
    const version = { bundleId: 'quick', versionId: 'quick__test__1', dir, entry: 'predict.py' };
    const late = new Promise((resolve) => void setTimeout(resolve, 20_000, 'nobody heard of its schema'));
    try {
      expect(await Promise.race([python.inspect(version), late])).toMatchObject({
        id: 'quick',
        predict: { schemas: { Output: { type: 'string' } } },
      });
    } finally {
      await python.stop(Deadline.in(5000));
      await status.close();
      await rm(root, { recursive: true, force: true });
    }
  },
);
