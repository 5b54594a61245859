import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createStackTest } from '@switchyard/testkit';
import { expect } from 'vitest';
import { PROGRAM, openCommandLine } from '../src/command-line.ts';

const stackTest = createStackTest({ isPageless: true });
const page = new URL('../../docs/tutorials/your-first-bundle.md', import.meta.url);

/** A block of the page, and the words before it. */
interface Block {
  readonly before: string;
  readonly kind: string;
  readonly code: string;
}

const readBlocks = async (): Promise<Block[]> => {
  const blocks = (await readFile(page, 'utf8')).matchAll(/([\s\S]*?)```(\w+)\n([\s\S]*?)```/gu);
  return [...blocks].map(([, before = '', kind = '', code = '']) => ({ before, kind, code }));
};

/** Runs lines as the reader's shell would: `switchyard` is ours, and it stands where the lines before had left it. */
const runLines = async (home: string, cwd: string, lines: string) => {
  const script = `switchyard() { "${process.execPath}" "${PROGRAM}" "$@"; }\nset -e\n${lines}\npwd > "$HOME/stands"`;
  const { PATH = '' } = process.env;
  const child = spawn('bash', ['-c', script], {
    cwd,
    env: { HOME: home, PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await ended;
  if (child.exitCode !== 0) throw new Error(`${lines}\nended with ${child.exitCode}:\n${stdout}\n${stderr}`);
  return { stdout, cwd: (await readFile(join(home, 'stands'), 'utf8')).trim() };
};

/** A compiler over the SDK and several hosts, on a machine that may be slow. */
const PATIENCE_MS = 240_000;

stackTest(
  'the tutorial "Your first bundle" does what it says, word by word',
  { timeout: PATIENCE_MS },
  async ({ stack }) => {
    const blocks = await readBlocks();
    await using line = await openCommandLine();
    await mkdir(line.home, { recursive: true });
    const home = await realpath(line.home);
    const input = await stack.token({ user: 'reader', type: 'privileged' });
    await line.run(['login', stack.url], { input });
    let [cwd, said] = [home, ''];
    let watching: ReturnType<typeof line.start> | undefined;
    let versions = 0;
    const done: string[] = [];
    for (const { before, kind, code } of blocks) {
      if (code.includes('./dev up')) continue; // the stack of this test, signed in to above
      if (kind === 'sh' && code.trim() === 'switchyard bundle watch') {
        watching = line.start(['bundle', 'watch', cwd]);
        await watching.until('✓', (versions += 1));
      } else if (kind === 'sh') {
        // Going back while the folder is watched would be undone by the next save only; the reader may end it or not.
        ({ stdout: said, cwd } = await runLines(home, cwd, code));
      } else if (kind === 'text') {
        expect(said.endsWith(code), `${said}\nends with\n${code}`).toBe(true);
      } else if (code.startsWith('import ')) {
        const file = /Replace `([\w.]+)`/u.exec(before)?.[1] ?? '';
        await writeFile(join(cwd, file), code);
        if (file === 'bundle.ts') await watching?.until('✓', (versions += 1));
      } else continue;
      done.push(kind);
    }
    expect(done).toEqual(['sh', 'sh', 'text', 'sh', 'ts', 'sh', 'text', 'ts', 'sh', 'sh', 'text']);
    watching?.interrupt();
    expect(await watching?.ended).toMatchObject({ code: 0 });
  },
);
