import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test as base } from 'vitest';
import { TEMPLATES } from './template-files.ts';

const PROGRAM = fileURLToPath(new URL('./main.ts', import.meta.url));
/** Each run starts a compiler over the whole SDK, and a host for each test. */
const PATIENCE_MS = 300_000;

interface Stand {
  readonly folder: string;
  run(...words: string[]): Promise<{ code: number | null; stdout: string; stderr: string }>;
}

const test = base.extend<{ stand: Stand }>({
  stand: async ({ task: _task }, use) => {
    const folder = await mkdtemp(path.join(tmpdir(), 'switchyard-templates-'));
    await use({
      folder,
      async run(...words) {
        // `./dev`, under which tests run, says where its caller stands; here that is the folder.
        const child = spawn(process.execPath, [PROGRAM, ...words], {
          cwd: folder,
          env: { ...process.env, SWITCHYARD_CWD: folder },
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        const ended = once(child, 'close');
        const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
        await ended;
        return { code: child.exitCode, stdout, stderr };
      },
    });
    await rm(folder, { recursive: true, force: true });
  },
});

test.for(TEMPLATES)(
  'a new bundle from the template %s is right and its test passes',
  { timeout: PATIENCE_MS },
  async (template, { stand }) => {
    expect(await stand.run('bundle', 'new', 'My.first', '--template', template)).toMatchObject({ code: 0 });
    expect(await readFile(path.join(stand.folder, 'My.first', 'bundle.ts'), 'utf8')).toContain(
      "name: 'My first'",
    );
    const tested = await stand.run('bundle', 'test', 'My.first', '--json');
    expect(tested, tested.stderr).toMatchObject({ code: 0 });
    expect(JSON.parse(tested.stdout)).toEqual({ status: 'ok', types: 'ok', tests: 'ok' });
    // A second one in its place would take away what somebody wrote.
    expect(await stand.run('bundle', 'new', 'My.first')).toMatchObject({ code: 2 });
  },
);

test('a wrong type and a failing test are told apart', { timeout: PATIENCE_MS }, async ({ stand }) => {
  await stand.run('bundle', 'new', 'odd');
  const file = path.join(stand.folder, 'odd', 'bundle.ts');
  const code = await readFile(file, 'utf8');
  await appendFile(file, 'export const count: number = "three";\n');
  const typed = await stand.run('bundle', 'test', 'odd');
  expect(typed).toMatchObject({ code: 1, stderr: expect.stringContaining('The types are wrong.') });
  expect(typed.stdout).toContain('bundle.ts(');
  await writeFile(file, code.replace('You said:', 'I said:'));
  const tested = await stand.run('bundle', 'test', 'odd', '--no-types', '--json');
  expect(tested).toMatchObject({ code: 1 });
  expect(JSON.parse(tested.stdout)).toMatchObject({ error: 'A test failed.', step: 'tests' });
});
