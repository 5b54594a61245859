import path from 'node:path';
import { requireBundleId } from '../bundle-folder.ts';
import { textOption } from '../command-spec.ts';
import type { CommandSpec } from '../command-spec.ts';
import { linkSdk } from '../link-sdk.ts';
import { TEMPLATES, writeTemplate } from '../template-files.ts';

export const bundleNew: CommandSpec = {
  name: 'bundle new',
  summary: 'Write a new bundle that runs, type-checks and has a test',
  details:
    'The folder is named after the bundle and made where you stand. Inside a checkout of Switchyard the SDK is found as it is; elsewhere links to it are put below node_modules, which is never uploaded.',
  arguments: [{ name: '<name>', description: 'the id of the bundle: letters, digits and ._@-' }],
  options: [
    {
      flags: '-t, --template <template>',
      description:
        'chat (the default) answers messages, operations answers calls, widget has a page beside them',
      choices: TEMPLATES,
    },
  ],
  examples: [
    ['bundle new weather', 'a bundle that answers chat messages, in ./weather'],
    ['bundle new board --template widget', 'one with a page of its own'],
  ],
  isLocal: true,
  async run({ args: [name = ''], options, output, world }) {
    const id = requireBundleId(name);
    const template = TEMPLATES.find((each) => each === textOption(options, 'template')) ?? 'chat';
    const folder = path.resolve(world.cwd, id);
    const files = await writeTemplate(template, id, folder);
    await linkSdk(folder);
    const { bold, dim } = output.paints;
    output.result({ bundle_id: id, template, folder, files }, () =>
      [
        `${bold(id)} is in ${folder}`,
        ...files.map((file) => dim(`  ${file}`)),
        '',
        `  cd ${id}`,
        '  switchyard bundle test    run its test',
        '  switchyard bundle watch   have the server run every change',
      ].join('\n'),
    );
  },
};
