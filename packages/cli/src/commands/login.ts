import { chooseServer, originOf } from '../choose-server.ts';
import { textOption } from '../command-spec.ts';
import type { CommandContext, CommandSpec } from '../command-spec.ts';
import { Refused, UsageError } from '../exit-codes.ts';
import { profilePath, readProfiles, writeProfiles } from '../profile-store.ts';
import type { Profile } from '../profile-store.ts';
import { readSecretly } from '../prompts.ts';
import { createServer } from '../server.ts';
import type { Server } from '../server.ts';

interface Person {
  readonly user_type: string;
  readonly username?: string;
  readonly user_id?: string;
}

const LOCAL_NAME = 'default';

export const login: CommandSpec = {
  name: 'login',
  summary: 'Sign in to a server and keep it as a profile',
  details:
    'The token is asked for without being shown, or read from a pipe, and kept in ~/.config/switchyard/profiles.json, readable by you alone. With --token-command a command is kept in its place and run each time a token is needed: for tokens that end soon, and for a stack on this machine.',
  arguments: [{ name: '<address>', description: 'of the server, as http://localhost:8080' }],
  options: [
    { flags: '--as <name>', description: 'the name of the profile (default)' },
    { flags: '--token-command <command>', description: 'a command of the shell that prints a token' },
  ],
  examples: [
    [
      'login http://localhost:8080 --token-command "$PWD/dev token --type privileged"',
      'a stack of ./dev on this machine, as admin',
    ],
    ['login https://chat.example.com --as work', 'asks for a token'],
    ['login https://chat.example.com --as work < token.txt', 'a token from a file'],
  ],
  isLocal: true,
  async run(context) {
    const { args, options, output, world, signal } = context;
    const url = originOf(args[0] ?? '');
    const name = textOption(options, 'as') ?? LOCAL_NAME;
    const profile = await readNewProfile(context, url);
    const chosen = { token: undefined, tokenCommand: undefined, ...profile };
    const person = await personAt(createServer(chosen, world, signal));
    if (person.user_type === 'ANONYMOUS') throw new Refused('The server does not know whose token this is.');
    const file = profilePath(world.env);
    const known = await readProfiles(file);
    await writeProfiles(file, { v: 1, current: name, profiles: { ...known.profiles, [name]: profile } });
    const who = `${person.username ?? person.user_id ?? '?'} (${person.user_type.toLowerCase()})`;
    output.result(
      { profile: name, url, ...person },
      `${output.paints.green('✓')} ${url} as ${who}, profile ${name}`,
    );
  },
};

async function readNewProfile({ options, world }: CommandContext, url: string): Promise<Profile> {
  const tokenCommand = textOption(options, 'tokenCommand');
  if (tokenCommand !== undefined) return { url, tokenCommand };
  const token = (world.env['SWITCHYARD_TOKEN'] ?? '') || (await readSecretly(world, 'Token: '));
  if (token.trim() === '') throw new UsageError('There is no token.');
  return { url, token: token.trim() };
}

function personAt(server: Server): Promise<Person> {
  return server.json<Person>('/profile');
}

export const whoami: CommandSpec = {
  name: 'whoami',
  summary: 'Say who you are on a server',
  examples: [['whoami --profile work', 'on that server']],
  async run({ output, server }) {
    const at = await server();
    const person = await personAt(at);
    const who = person.username ?? person.user_id ?? 'nobody';
    output.result({ url: at.url, ...person }, `${who} (${person.user_type.toLowerCase()}) at ${at.url}`);
  },
};

export const logout: CommandSpec = {
  name: 'logout',
  summary: 'Forget a profile and its token',
  arguments: [{ name: '[profile]', description: 'its name (the one in use)' }],
  examples: [['logout work', 'forgets the profile work']],
  isLocal: true,
  async run({ args, output, world }) {
    const file = profilePath(world.env);
    const known = await readProfiles(file);
    const name = args[0] ?? known.current;
    if (known.profiles[name] === undefined) throw new UsageError(`There is no profile ${name}.`);
    const { [name]: _gone, ...profiles } = known.profiles;
    const current = known.current === name ? (Object.keys(profiles)[0] ?? LOCAL_NAME) : known.current;
    await writeProfiles(file, { v: 1, current, profiles });
    output.result({ profile: name, status: 'removed' }, `${output.paints.green('✓')} ${name} is forgotten`);
  },
};

export const profileList: CommandSpec = {
  name: 'profile list',
  summary: 'List the servers that you signed in to',
  examples: [['profile list', 'the one in use is marked']],
  isLocal: true,
  async run({ output, world }) {
    const { current, profiles } = await readProfiles(profilePath(world.env));
    const list = Object.entries(profiles).map(([name, { url }]) => ({
      name,
      url,
      is_current: name === current,
    }));
    output.result(list, () =>
      list
        .map(({ name, url, is_current: isCurrent }) => `${isCurrent ? '*' : ' '} ${name}  ${url}`)
        .join('\n'),
    );
  },
};

export const profileUse: CommandSpec = {
  name: 'profile use',
  summary: 'Choose the profile of all commands that name none',
  arguments: [{ name: '<name>', description: 'of the profile' }],
  examples: [['profile use work', 'from now on']],
  isLocal: true,
  async run({ args: [name = ''], output, world }) {
    const file = profilePath(world.env);
    const known = await readProfiles(file);
    const { url } = chooseServer({ url: undefined, profile: name }, {}, known);
    await writeProfiles(file, { ...known, current: name });
    output.result({ name, url }, `${output.paints.green('✓')} ${name}: ${url}`);
  },
};
