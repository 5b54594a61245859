import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { areCoreDumpsPossible } from './core-dumps.ts';

/** What every service does first, and then tells of itself. */
const SERVICE = `
import { readFileSync } from 'node:fs';
import { runMain } from '${new URL('run-main.ts', import.meta.url).href}';
await runMain({ name: 'sample', stopMs: 1000, start: async () => {
  console.log(readFileSync('/proc/self/limits', 'utf8'));
  setImmediate(() => process.exit());
  return { stop: async () => undefined };
} });`;

test('a service that could leave its memory in a file takes that from itself before anything else', async () => {
  const command = 'ulimit -c unlimited 2>/dev/null || ulimit -c 1024; exec "$0" --input-type=module -e "$1"';
  const child = spawn('sh', ['-c', command, process.execPath, SERVICE], {
    env: { PATH: process.env['PATH'] ?? '' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [limits] = await Promise.all([text(child.stdout), once(child, 'close')]);
  expect(limits).toMatch(/^Max core file size\s+0\s+0\s/m);
}, 60_000);

test('the core limit is read from the kernel', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'switchyard-limits-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const withLimit = async (limit: string) => {
    await writeFile(
      join(dir, 'limits'),
      `Limit   Soft Limit\nMax core file size        ${limit}           unlimited   bytes\n`,
    );
    return areCoreDumpsPossible(join(dir, 'limits'));
  };
  expect(await withLimit('0')).toBe(false);
  expect(await withLimit('unlimited')).toBe(true);
  expect(await areCoreDumpsPossible(join(dir, 'none'))).toBeUndefined();
});
