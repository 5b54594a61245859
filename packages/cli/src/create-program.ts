import { Argument, Command, Option } from 'commander';
import { chooseServer } from './choose-server.ts';
import { GROUPS, textOption } from './command-spec.ts';
import type { CommandContext, CommandSpec, OptionSpec, OptionValues } from './command-spec.ts';
import { EXIT_CODES, EXIT_MEANINGS } from './exit-codes.ts';
import { createOutput } from './output.ts';
import { profilePath, readProfiles } from './profile-store.ts';
import { createServer } from './server.ts';
import type { World } from './world.ts';

/** Options that every command has, and those of every command that talks to a server. */
export const SHARED_OPTIONS: readonly OptionSpec[] = [
  { flags: '--json', description: 'one JSON line for each result, also for errors' },
];
export const SERVER_OPTIONS: readonly OptionSpec[] = [
  { flags: '--profile <name>', description: 'the server of this profile' },
  { flags: '--url <address>', description: 'the server at this address' },
];

export const VERSION = '0.1.0';

/** What the command that ran answered, and the server that it spoke to. */
interface Outcome {
  code: number;
  url: string | undefined;
}

/** The parser over the command table. */
export function createProgram(commands: readonly CommandSpec[], world: World) {
  const outcome: Outcome = { code: EXIT_CODES.ok, url: undefined };
  const program = configure(new Command('switchyard'), world)
    .description('Write, ship and use the bundles of a Switchyard server.')
    .version(VERSION, '-V, --version', 'print the version')
    .addHelpText('after', closingHelp());
  for (const spec of commands) {
    const [first = '', second] = spec.name.split(' ');
    const parent = second === undefined ? program : groupOf(program, first, world);
    addCommand(parent, second ?? first, spec, world, outcome);
  }
  return { program, outcome };
}

function configure(command: Command, world: World): Command {
  return command
    .exitOverride()
    .helpOption('-h, --help', 'this text')
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => void world.stdout.write(text),
      writeErr: (text) => void world.stderr.write(text),
      getOutHelpWidth: () => world.stdout.columns ?? 100,
      getErrHelpWidth: () => world.stderr.columns ?? 100,
      outputError: (text, write) => write(text.replace(/^error: /u, '✗ ')),
    });
}

function groupOf(program: Command, name: string, world: World): Command {
  const found = program.commands.find((command) => command.name() === name);
  if (found !== undefined) return found;
  const group = configure(new Command(name), world)
    .description(GROUPS[name] ?? '')
    .helpCommand(false);
  program.addCommand(group);
  return group;
}

function addCommand(parent: Command, name: string, spec: CommandSpec, world: World, outcome: Outcome): void {
  const command = configure(new Command(name), world).summary(spec.summary).description(descriptionOf(spec));
  for (const { name: text, description, choices } of spec.arguments ?? []) {
    const argument = new Argument(text, description);
    command.addArgument(choices === undefined ? argument : argument.choices(choices));
  }
  const shared = spec.isLocal === true ? SHARED_OPTIONS : [...SHARED_OPTIONS, ...SERVER_OPTIONS];
  for (const { flags, description, choices } of [...(spec.options ?? []), ...shared]) {
    const option = new Option(flags, description);
    command.addOption(choices === undefined ? option : option.choices(choices));
  }
  command.addHelpText('after', examplesOf(spec)).action(async () => {
    const options = command.opts<OptionValues>();
    outcome.code = (await runCommand(spec, command.args, options, world, outcome)) ?? EXIT_CODES.ok;
  });
  parent.addCommand(command);
}

async function runCommand(
  spec: CommandSpec,
  args: readonly string[],
  options: OptionValues,
  world: World,
  outcome: Outcome,
): Promise<number | void> {
  const ended = new AbortController();
  const release = world.onInterrupt(() => ended.abort());
  const context: CommandContext = {
    world,
    args,
    options,
    output: createOutput(world, options['json'] === true),
    signal: ended.signal,
    async server() {
      const wish = { url: textOption(options, 'url'), profile: textOption(options, 'profile') };
      const chosen = chooseServer(wish, world.env, await readProfiles(profilePath(world.env)));
      outcome.url = chosen.url;
      return createServer(chosen, world, ended.signal);
    },
  };
  try {
    return await spec.run(context);
  } finally {
    release();
  }
}

function descriptionOf({ summary, details }: CommandSpec): string {
  return details === undefined ? `${summary}.` : `${summary}.\n\n${details}`;
}

function examplesOf({ examples }: CommandSpec): string {
  const lines = examples.map(([command, does]) => `  # ${does}\n  switchyard ${command}`);
  return `\nExamples:\n${lines.join('\n')}`;
}

function closingHelp(): string {
  const codes = EXIT_MEANINGS.map(([code, meaning]) => `  ${String(code).padEnd(5)}${meaning}`);
  return `
Examples:
  # sign in, then from nothing to an answer
  switchyard login http://localhost:8080
  switchyard bundle new my-bundle && cd my-bundle
  switchyard bundle push && switchyard chat "Hello" --bundle my-bundle

Environment:
  SWITCHYARD_URL, SWITCHYARD_TOKEN   server and token, over the profile
  SWITCHYARD_PROFILE                 the profile to use
  NO_COLOR                           no colours

Exit codes:
${codes.join('\n')}`;
}
