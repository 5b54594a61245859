import { textOption } from '../command-spec.ts';
import type { CommandSpec } from '../command-spec.ts';
import { UsageError } from '../exit-codes.ts';
import { requireFolder } from '../folder-files.ts';
import { packSite } from '../site-archive.ts';
import { sitePath } from '../site-path.ts';
import type { DeployView } from '../site-path.ts';

/** Half a gigabyte over an ordinary line, and the time to compress it there. */
const DEPLOY_MS = 30 * 60_000;

export const siteDeploy: CommandSpec = {
  name: 'site deploy',
  summary: 'Publish a folder as a site, all of it at once',
  details:
    'Uploads every file of the folder without node_modules, names that begin with a dot (but .well-known) and what .switchyardignore names. Nobody sees a part of it: the new deploy serves from one request to the next. A site of that name is made where there is none. What is wrong in _headers and _redirects is printed; the rest of their rules counts. With --preview it is reached under its own address alone, until "site rollback" is given its id.',
  arguments: [{ name: '[folder]', description: 'the folder with the files (where you stand)' }],
  options: [
    { flags: '-s, --site <site>', description: 'the name of the site: small letters, digits, hyphens' },
    { flags: '--preview', description: 'do not have it serve yet' },
  ],
  examples: [
    ['site deploy ./dist --site blog', 'what a build made'],
    ['site deploy ./dist --site blog --preview', 'to look at before everybody does'],
  ],
  async run({ args, options, output, server, world }) {
    const site = textOption(options, 'site');
    if (site === undefined) throw new UsageError('Name the site: --site blog');
    const folder = await requireFolder(world.cwd, args[0] ?? '.');
    const at = await server();
    const start = world.now();
    await using archive = await packSite(folder);
    const deploy = await at.json<DeployView & { site_url: string }>(sitePath(site, 'deploys'), {
      method: 'POST',
      body: archive.blob,
      headers: { 'content-type': 'application/gzip' },
      query: { activate: options['preview'] === true ? 0 : 1 },
      limitMs: DEPLOY_MS,
    });
    const ms = Math.round(world.now() - start);
    const { bold, dim, green, yellow } = output.paints;
    output.result({ site, ...deploy, ms }, () =>
      [
        ...deploy.problems.map(({ file, line, message }) => yellow(`! ${file}:${line}: ${message}`)),
        `${green('✓')} ${bold(deploy.id)} ${deploy.is_active ? 'serves now' : 'is ready'}, ${deploy.files} files ${dim(`(${ms} ms)`)}`,
        ...(deploy.is_active ? [`  site     ${deploy.site_url}`] : []),
        `  preview  ${deploy.url}`,
        ...(deploy.is_active ? [] : [dim(`  switchyard site rollback ${site} ${deploy.id} has it serve`)]),
      ].join('\n'),
    );
  },
};
