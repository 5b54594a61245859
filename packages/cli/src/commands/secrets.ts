import { randomBytes } from 'node:crypto';
import type { SecretDocument } from '@switchyard/protocol';
import { textOption } from '../command-spec.ts';
import type { CommandContext, CommandSpec } from '../command-spec.ts';
import { UsageError } from '../exit-codes.ts';
import { formatTable } from '../output.ts';
import { readSecretly } from '../prompts.ts';
import { bundlePath } from '../push-bundle.ts';
import { KEY_FILE_OPTION, openSealedSecrets } from '../sealed-secrets.ts';
import type { SealedSecrets } from '../sealed-secrets.ts';

interface SecretsView {
  readonly secrets: readonly { readonly name: string; readonly is_set: boolean }[];
}

const BUNDLE = { name: '<bundle>', description: 'the id of the bundle' };
const NAME = { name: '<name>', description: 'the name that the bundle declares' };
const FILE_OPTIONS = [
  { flags: '--file <path>', description: 'of this sealed file, instead of a server' },
  KEY_FILE_OPTION,
];

/** Undefined: a server is meant. */
function sealedOf({ world, options }: CommandContext): SealedSecrets | undefined {
  const file = textOption(options, 'file');
  return file === undefined ? undefined : openSealedSecrets(file, { world, options, random: randomBytes });
}

const without = (document: SecretDocument, bundle: string, name: string): SecretDocument => {
  const { [name]: _gone, ...values } = document.bundles[bundle] ?? {};
  const { [bundle]: _all, ...bundles } = document.bundles;
  return {
    ...document,
    bundles: Object.keys(values).length === 0 ? bundles : { ...bundles, [bundle]: values },
  };
};

export const secretsList: CommandSpec = {
  name: 'secrets list',
  summary: 'List the secrets that a bundle needs, and which are missing',
  arguments: [BUNDLE],
  options: FILE_OPTIONS,
  examples: [
    ['secrets list weather', 'names, never values'],
    ['secrets list weather --file secrets.sealed', 'the names in a sealed file'],
  ],
  async run(context) {
    const { output, server } = context;
    const [bundle = ''] = context.args;
    const sealed = sealedOf(context);
    const view: SecretsView =
      sealed === undefined
        ? await (await server()).json<SecretsView>(bundlePath(bundle, 'secrets'))
        : { secrets: namesOf(await sealed.read(), bundle).map((name) => ({ name, is_set: true })) };
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
  options: FILE_OPTIONS,
  examples: [
    ['secrets set weather API_KEY', 'asks for the value'],
    ['secrets set weather API_KEY < key.txt', 'from a file; one line break at its end is left out'],
    [
      'secrets set weather API_KEY --file secrets.sealed',
      'into a sealed file, which is made when there is none',
    ],
  ],
  async run(context) {
    const { output, server, world } = context;
    const [bundle = '', name = ''] = context.args;
    const sealed = sealedOf(context);
    // Whom it goes to first: nobody types a value that then has no place to go.
    const at = sealed === undefined ? await server() : undefined;
    const document = await sealed?.read();
    const value = await readSecretly(world, `${name}: `);
    if (value === '') throw new UsageError('The value is empty; "secrets rm" takes a secret away.');
    if (sealed !== undefined && document !== undefined) {
      const values = { ...document.bundles[bundle], [name]: value };
      await sealed.write({ ...document, bundles: { ...document.bundles, [bundle]: values } });
    }
    const body = { set: { [name]: value } };
    const view = await at?.json<SecretsView>(bundlePath(bundle, 'secrets'), { method: 'POST', body });
    output.result(view ?? { bundle_id: bundle, set: [name] }, `${output.paints.green('✓')} ${name} is set`);
  },
};

export const secretsRemove: CommandSpec = {
  name: 'secrets rm',
  summary: 'Remove a secret of a bundle',
  arguments: [BUNDLE, NAME],
  options: FILE_OPTIONS,
  examples: [['secrets rm weather API_KEY', 'the next call that needs it fails with secret_missing']],
  async run(context) {
    const { output, server } = context;
    const [bundle = '', name = ''] = context.args;
    const sealed = sealedOf(context);
    if (sealed === undefined) {
      const request = { method: 'POST', body: { unset: [name] } };
      await (await server()).json<SecretsView>(bundlePath(bundle, 'secrets'), request);
    } else await sealed.write(without(await sealed.read(), bundle, name));
    output.result({ bundle_id: bundle, unset: [name] }, `${output.paints.green('✓')} ${name} is removed`);
  },
};

export const secretsPush: CommandSpec = {
  name: 'secrets push',
  summary: 'Set all secrets of a sealed file at a server',
  details:
    'Bundles must be there and must declare what is set. Secrets of the platform itself, which a sealed file may also hold, are filled in by the secrets service at its start alone.',
  arguments: [{ name: '<file>', description: 'the sealed file' }],
  options: [KEY_FILE_OPTION],
  examples: [
    ['secrets push secrets.sealed --key-file ~/.switchyard-key', 'after a restart that has lost them'],
  ],
  async run({ args: [file = ''], options, output, server, world }) {
    const { bundles } = await openSealedSecrets(file, { world, options, random: randomBytes }).read();
    if (Object.keys(bundles).length === 0) throw new UsageError(`${file} holds no secrets of bundles.`);
    const at = await server();
    for (const [bundle, set] of Object.entries(bundles)) {
      await at.json(bundlePath(bundle, 'secrets'), { method: 'POST', body: { set } });
      const names = Object.keys(set);
      output.result(
        { bundle_id: bundle, set: names },
        `${output.paints.green('✓')} ${bundle}: ${names.join(', ')}`,
      );
    }
  },
};

function namesOf(document: SecretDocument, bundle: string): string[] {
  return Object.keys(document.bundles[bundle] ?? {}).toSorted();
}
