import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { runCli } from './run-cli.ts';
import type { World } from './world.ts';

const run = async (...argv: string[]) => {
  const [stdin, stdout, stderr] = [new PassThrough(), new PassThrough(), new PassThrough()];
  const world: World = {
    env: {},
    cwd: '/',
    stdin: stdin as unknown as World['stdin'],
    stdout: stdout as unknown as World['stdout'],
    stderr: stderr as unknown as World['stderr'],
    now: () => 0,
    random: () => 0,
    newId: () => 'id',
    onInterrupt: () => () => undefined,
    onTerminate: () => () => undefined,
  };
  const code = await runCli(argv, world);
  const textOf = (stream: PassThrough): string => String(stream.read() ?? '');
  return { code, stdout: textOf(stdout), stderr: textOf(stderr) };
};

test.each([
  ['an option that there is not', ['bundle', 'list', '--no-such', '--json'], "unknown option '--no-such'"],
  ['an argument that is missing', ['bundle', 'logs', '--json'], "missing required argument 'bundle'"],
  ['a value that is none of the choices', ['completion', 'tcsh', '--json'], "argument value 'tcsh'"],
])('with --json a script reads %s', async (_what, argv, words) => {
  const { code, stdout } = await run(...argv);
  expect(code).toBe(2);
  expect(JSON.parse(stdout)).toEqual({
    status: 'error',
    error_type: 'usage',
    error: expect.stringContaining(words),
  });
});

test('without --json a person reads it, and the standard output stays empty', async () => {
  expect(await run('bundle', 'lst')).toEqual({
    code: 2,
    stdout: '',
    stderr: expect.stringContaining('list'),
  });
});

test.each([
  [['predict', 'serve', '.', '--max-concurrency', '0'], '--max-concurrency takes a whole number from 1 on'],
  [['predict', 'serve', '.', '--memory', '0'], '--memory takes a whole number from 32 on'],
  [['procedures', 'serve', '--max-runners', '0'], '--max-runners takes a whole number from 1 on'],
])('%j is refused, since nothing could run', async (argv, words) => {
  expect(await run(...argv)).toMatchObject({ code: 2, stderr: expect.stringContaining(words) });
});
