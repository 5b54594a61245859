import { CommanderError } from 'commander';
import { COMMANDS } from './command-list.ts';
import { createProgram } from './create-program.ts';
import { EXIT_CODES, failureOf } from './exit-codes.ts';
import { createPaints } from './output.ts';
import type { World } from './world.ts';

/** Runs one command line and answers its exit code. Nothing is thrown, whatever happens. */
export async function runCli(argv: readonly string[], world: World): Promise<number> {
  const isJson = argv.includes('--json');
  const { program, outcome } = createProgram(COMMANDS, world);
  try {
    await program.parseAsync([...argv], { from: 'user' });
    return outcome.code;
  } catch (error) {
    // Help and the parser's own complaints are printed by then, for people.
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT_CODES.ok;
      if (isJson) world.stdout.write(`${JSON.stringify(misuseOf(error))}\n`);
      return EXIT_CODES.usage;
    }
    const { code, text, details } = failureOf(error, outcome.url);
    const { red } = createPaints(world.stderr, world.env);
    if (isJson) world.stdout.write(`${JSON.stringify({ status: 'error', ...details })}\n`);
    else if (text !== '') world.stderr.write(`${red('✗')} ${text}\n`);
    return code;
  }
}

/** What the parser did not understand, for programs. */
function misuseOf({ code, message }: CommanderError) {
  const text = code === 'commander.help' ? 'No command is named.' : message.replace(/^error: /u, '');
  return { status: 'error', error: text, error_type: 'usage' };
}
