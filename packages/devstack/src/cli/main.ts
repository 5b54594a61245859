// The TypeScript half of ./dev: the bash half has made sure that packages and the pinned Node are there.
import { fileURLToPath } from 'node:url';
import { UsageError, readArguments } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import { HELP } from './help.ts';

type Verb = (args: Arguments) => Promise<number>;

/** Each verb answers its exit code. Loaded when asked for: `check` must run also where a room that `up` needs is broken. */
const VERBS: Readonly<Record<string, () => Promise<Verb>>> = {
  up: async () => (await import('./up.ts')).up,
  down: async () => (await import('./down.ts')).down,
  status: async () => (await import('./status.ts')).status,
  token: async () => (await import('./token.ts')).token,
  logs: async () => (await import('./logs.ts')).logs,
  config: async () => (await import('./config.ts')).config,
  reset: async () => (await import('./reset.ts')).reset,
  bench: async () => (await import('./bench.ts')).bench,
  check: async () => (await import('./check.ts')).check,
  compose: async () => (await import('./compose.ts')).compose,
};

const root = fileURLToPath(new URL('../../../..', import.meta.url)).replace(/\/$/, '');

const run = async (argv: readonly string[]): Promise<number> => {
  const [name = 'help'] = argv;
  if (name === 'help' || name === '--help' || name === '-h') {
    console.log(HELP);
    return 0;
  }
  // What follows `test` belongs to the test runner.
  if (name === 'test') return (await import('./test-suites.ts')).testSuites(root, argv.slice(1));
  const args = readArguments(argv, root, process.env['SWITCHYARD_CWD'] ?? process.cwd());
  const load = VERBS[args.verb];
  if (!load) throw new UsageError(`there is no ./dev ${args.verb}; ./dev help lists what there is`);
  const verb = await load();
  return verb(args);
};

// `./dev status | head -1`: who reads us has seen enough; that is no fault to report. `up` has a stack to end in order first.
if (process.argv[2] !== 'up') {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
}

try {
  process.exitCode = await run(process.argv.slice(2));
} catch (error) {
  const isOurs = error instanceof UsageError || process.env['SWITCHYARD_DEBUG'] === undefined;
  console.error(
    `\n${isOurs && error instanceof Error ? error.message : error instanceof Error ? error.stack : String(error)}`,
  );
  process.exitCode = 1;
}
