import path from 'node:path';
import { requireBundleId } from '../bundle-folder.ts';
import { textOption } from '../command-spec.ts';
import type { CommandContext, CommandSpec } from '../command-spec.ts';
import { SERVER_FILE, readMcpServer, serverFile, writeServerFile } from '../bridge-mcp.ts';
import { UsageError } from '../exit-codes.ts';
import { readSecretly } from '../prompts.ts';
import { linkSdk } from '../link-sdk.ts';
import { TEMPLATES, isBridge, writeTemplate } from '../template-files.ts';

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
    {
      flags: '--from-mcp <url>',
      description: 'instead of a template: an operation for each tool of the MCP server at this address',
    },
    {
      flags: '--authorization',
      description:
        'that server wants to know its callers: the header, as `Bearer ...`, is read from a pipe or typed unseen, and the bundle has it as a secret',
    },
    {
      flags: '--refresh',
      description: 'ask the server again and write its tools into the bundle that is there',
    },
  ],
  examples: [
    ['bundle new weather', 'a bundle that answers chat messages, in ./weather'],
    ['bundle new board --template widget', 'one with a page of its own'],
    ['bundle new maps --from-mcp https://maps.example.com/mcp', 'the tools of an MCP server, as operations'],
  ],
  isLocal: true,
  async run(context) {
    const { args, options } = context;
    const id = requireBundleId(args[0] ?? '');
    const url = textOption(options, 'fromMcp');
    if (url !== undefined) return bridge(context, id, url);
    if (options['refresh'] === true || options['authorization'] === true)
      throw new UsageError('--refresh and --authorization belong to --from-mcp.');
    const template = TEMPLATES.find((each) => each === textOption(options, 'template')) ?? 'chat';
    const folder = path.resolve(context.world.cwd, id);
    const files = await writeTemplate(template, id, folder);
    await linkSdk(folder);
    tell(context, { id, template, folder, files });
  },
};

async function bridge(context: CommandContext, id: string, url: string): Promise<void> {
  const { options, signal, world, output } = context;
  if (options['template'] !== undefined) throw new UsageError('--from-mcp is a template of its own.');
  const folder = path.resolve(world.cwd, id);
  const isRefresh = options['refresh'] === true;
  if (isRefresh && !(await isBridge(folder)))
    throw new UsageError(`${folder} is no bundle that --from-mcp has written.`);
  const authorization =
    options['authorization'] === true ? await readSecretly(world, `authorization for ${url}: `) : undefined;
  const server = await readMcpServer({ url, authorization, signal });
  const tools = Object.keys(server.tools);
  if (isRefresh) {
    await writeServerFile(folder, server);
    output.result(
      { bundle_id: id, folder, files: [SERVER_FILE], tools },
      () => `${tools.length} tools: ${tools.join(', ')}`,
    );
    return;
  }
  const files = await writeTemplate('mcp', id, folder, { [SERVER_FILE]: serverFile(server) });
  await linkSdk(folder);
  const secret = [`  switchyard secrets set ${id} authorization   what the server wants of its callers`];
  tell(context, { id, template: 'mcp', folder, files, tools }, server.hasAuthorization ? secret : []);
}

interface Written {
  readonly id: string;
  readonly template: string;
  readonly folder: string;
  readonly files: readonly string[];
  readonly tools?: readonly string[];
}

function tell({ output }: CommandContext, { id, ...written }: Written, more: readonly string[] = []): void {
  const { bold, dim } = output.paints;
  output.result({ bundle_id: id, ...written }, () =>
    [
      `${bold(id)} is in ${written.folder}`,
      ...written.files.map((file) => dim(`  ${file}`)),
      '',
      `  cd ${id}`,
      '  switchyard bundle test    run its test',
      '  switchyard bundle watch   have the server run every change',
      ...more,
    ].join('\n'),
  );
}
