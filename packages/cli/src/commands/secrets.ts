import type { CommandSpec } from '../command-spec.ts';
import { UsageError } from '../exit-codes.ts';
import { formatTable } from '../output.ts';
import { readSecretly } from '../prompts.ts';
import { bundlePath } from '../push-bundle.ts';

interface SecretsView {
  readonly secrets: readonly { readonly name: string; readonly is_set: boolean }[];
}

const BUNDLE = { name: '<bundle>', description: 'the id of the bundle' };
const NAME = { name: '<name>', description: 'the name that the bundle declares' };

export const secretsList: CommandSpec = {
  name: 'secrets list',
  summary: 'List the secrets that a bundle needs, and which are missing',
  arguments: [BUNDLE],
  examples: [['secrets list weather', 'names, never values']],
  async run({ args: [bundle = ''], output, server }) {
    const view = await (await server()).json<SecretsView>(bundlePath(bundle, 'secrets'));
    const { green, yellow } = output.paints;
    output.result(view, () =>
      formatTable(view.secrets.map(({ name, is_set }) => [name, is_set ? green('set') : yellow('missing')])),
    );
  },
};

export const secretsSet: CommandSpec = {
  name: 'secrets set',
  summary: 'Set a secret of a bundle',
  details:
    'The value is asked for without being shown, or read from a pipe. It is no argument, so that it stands in no history and no list of processes. No one can read it back.',
  arguments: [BUNDLE, NAME],
  examples: [
    ['secrets set weather API_KEY', 'asks for the value'],
    ['secrets set weather API_KEY < key.txt', 'from a file; one line break at its end is left out'],
  ],
  async run({ args: [bundle = '', name = ''], output, server, world }) {
    const at = await server();
    const value = await readSecretly(world, `${name}: `);
    if (value === '') throw new UsageError('The value is empty; "secrets remove" takes a secret away.');
    const body = { set: { [name]: value } };
    const view = await at.json<SecretsView>(bundlePath(bundle, 'secrets'), { method: 'POST', body });
    output.result(view, `${output.paints.green('✓')} ${name} is set`);
  },
};

export const secretsRemove: CommandSpec = {
  name: 'secrets remove',
  summary: 'Remove a secret of a bundle',
  arguments: [BUNDLE, NAME],
  examples: [['secrets remove weather API_KEY', 'the next call that needs it fails with secret_missing']],
  async run({ args: [bundle = '', name = ''], output, server }) {
    const body = { unset: [name] };
    const path = bundlePath(bundle, 'secrets');
    const view = await (await server()).json<SecretsView>(path, { method: 'POST', body });
    output.result(view, `${output.paints.green('✓')} ${name} is removed`);
  },
};
