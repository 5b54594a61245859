import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { requireFolder } from '../folder-files.ts';
import type { CommandContext, CommandSpec } from '../command-spec.ts';
import { EXIT_CODES, Refused } from '../exit-codes.ts';
import { linkSdk } from '../link-sdk.ts';

export const bundleTest: CommandSpec = {
  name: 'bundle test',
  summary: 'Check the types of a bundle and run its tests',
  details:
    'Tests are files named *.test.ts and run under the test runner of Node, each against a real host in the sandbox of the server. No server is needed. The exit code is 1 when a type or a test is wrong.',
  arguments: [{ name: '[folder]', description: 'the folder of the bundle (where you stand)' }],
  options: [
    { flags: '--no-types', description: 'run the tests only' },
    { flags: '--only <pattern>', description: 'run only tests whose name fits this pattern' },
  ],
  examples: [
    ['bundle test', 'types and tests of the bundle in this folder'],
    ['bundle test ./weather --only greets', 'one test of a bundle elsewhere'],
  ],
  isLocal: true,
  async run(context) {
    const { args, options, output, world } = context;
    const folder = await requireFolder(world.cwd, args[0] ?? '.');
    await linkSdk(folder);
    const isTyped = options['types'] !== false && existsSync(path.join(folder, 'tsconfig.json'));
    if (isTyped) {
      const code = await runNode(context, folder, [compiler(), '--project', folder, '--noEmit']);
      if (code !== 0) throw new Refused('The types are wrong.', { step: 'types' });
      if (!output.isJson) output.note(`${output.paints.green('✓')} types`);
    }
    if (!isTyped && options['types'] !== false) output.note('No tsconfig.json: types are not checked.');
    if (!(await hasTests(folder))) output.note('No tests: files named *.test.ts are run.');
    const only = typeof options['only'] === 'string' ? [`--test-name-pattern=${options['only']}`] : [];
    const code = await runNode(context, folder, ['--test', ...only]);
    if (code !== 0) throw new Refused('A test failed.', { step: 'tests' });
    output.result({ status: 'ok', types: isTyped ? 'ok' : 'unchecked', tests: 'ok' }, '');
    return EXIT_CODES.ok;
  },
};

async function hasTests(cwd: string): Promise<boolean> {
  const found = glob('**/*.test.{ts,js,mjs}', { cwd, exclude: ['**/node_modules/**'] });
  for await (const _file of found) return true;
  return false;
}

function compiler(): string {
  const manifest = fileURLToPath(import.meta.resolve('typescript/package.json'));
  return path.join(path.dirname(manifest), 'bin', 'tsc');
}

/** The exit code of this Node with these arguments, its words shown as they come; with `--json` all of them on stderr. */
async function runNode(
  { output, world, signal }: CommandContext,
  cwd: string,
  argv: readonly string[],
): Promise<number> {
  const out = output.isJson ? world.stderr : world.stdout;
  const child = spawn(process.execPath, argv, {
    cwd,
    // Under a test runner the child would report to that one.
    env: { ...world.env, NODE_TEST_CONTEXT: undefined },
    stdio: ['ignore', out, world.stderr],
    signal,
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? EXIT_CODES.refused;
}
