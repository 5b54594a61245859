import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { createStackTest } from '@switchyard/testkit';
import { expect } from 'vitest';
import { counted } from '../src/stream-events.ts';

const stackTest = createStackTest({ isPageless: true });
const page = new URL('../../docs/how-to/use-the-client.md', import.meta.url);
/** Where the packages of the workspace are found. */
const cwd = fileURLToPath(new URL('..', import.meta.url));

/** Runs a program as its reader would and gives what it prints; throws what it complains about. */
async function run(program: string, env: Record<string, string>): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-'], {
    cwd,
    env: { ...process.env, ...env },
  });
  child.stdin.end(program);
  const [printed, complaints] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  if (child.exitCode !== 0) throw new Error(`${printed}\n${complaints}`);
  return printed;
}

stackTest('the examples of the page about the client run as they stand', async ({ stack }) => {
  const programs = [...(await readFile(page, 'utf8')).matchAll(/```js\n(.*?)```/gsu)].map(
    ([, program = '']) => program,
  );
  const env = { SWITCHYARD_URL: stack.url, TOKEN: await stack.token({ user: 'reader' }) };
  expect(programs).toHaveLength(2);
  const [asked = '', kept = ''] = await Promise.all(programs.map((program) => run(program, env)));
  expect(asked).toBe(counted(5));
  expect(kept.trim().split('\n').slice(-2)).toEqual([
    `count to 3 = ${counted(3)}`,
    `count to 4 = ${counted(4)}`,
  ]);
  expect(kept).toContain('count to 3 -> sent');
});
