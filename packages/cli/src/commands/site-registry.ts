import type { CommandSpec } from '../command-spec.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { formatTable } from '../output.ts';
import { confirm } from '../prompts.ts';
import { SITES, sitePath } from '../site-path.ts';
import type { DeployView } from '../site-path.ts';

interface SiteView {
  readonly alias: string;
  readonly url: string;
  readonly hosts: readonly string[];
  readonly active_deploy: string | null;
  readonly settings: { readonly access: { readonly kind: string } };
}

interface SitePage {
  readonly sites: readonly SiteView[];
  readonly next_cursor?: string;
}

const NAME = { name: '<site>', description: 'the name of the site' };

export const siteList: CommandSpec = {
  name: 'site list',
  summary: 'List the sites of a server and what serves',
  examples: [
    ['site list', 'all sites'],
    ['site list --json', 'one JSON line with everything that the server knows'],
  ],
  async run({ output, server }) {
    const at = await server();
    const sites: SiteView[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const page: SitePage = await at.json<SitePage>(SITES, { query: { cursor } });
      sites.push(...page.sites);
      cursor = page.next_cursor;
    }
    output.result({ sites }, () =>
      formatTable([
        ['SITE', 'SERVES', 'FOR', 'ADDRESS'],
        ...sites.map(({ alias, url, hosts, active_deploy, settings }) => [
          alias,
          active_deploy ?? 'nothing serves',
          settings.access.kind,
          [url, ...hosts].join(' '),
        ]),
      ]),
    );
  },
};

export const siteDeploys: CommandSpec = {
  name: 'site deploys',
  summary: 'List the deploys of a site, newest first',
  arguments: [NAME],
  examples: [['site deploys blog', 'what there is to roll back to, each with its preview']],
  async run({ args: [site = ''], output, server }) {
    const list = await (await server()).json<{ deploys: DeployView[] }>(sitePath(site, 'deploys'));
    output.result(list, () =>
      formatTable([
        ['', 'DEPLOY', 'MADE', 'BY', 'FILES', 'PREVIEW'],
        ...list.deploys.map(({ id, is_active, created_at, created_by, files, url }) => [
          is_active ? '*' : '',
          id,
          created_at,
          created_by,
          String(files),
          url,
        ]),
      ]),
    );
  },
};

export const siteRollback: CommandSpec = {
  name: 'site rollback',
  summary: 'Have another deploy of a site serve',
  details:
    'Without a deploy, the one that served before this one. From one request to the next, as a deploy.',
  arguments: [NAME, { name: '[deploy]', description: 'as "site deploys" lists it' }],
  examples: [
    ['site rollback blog', 'the deploy before this one'],
    ['site rollback blog 4f2a1c9e0b7d', 'a certain one, also one that is newer'],
  ],
  async run({ args: [site = '', named], output, server }) {
    const at = await server();
    const path =
      named === undefined ? sitePath(site, 'rollback') : sitePath(site, 'deploys', named, 'activate');
    const deploy = await at.json<DeployView>(path, { method: 'POST' });
    output.result({ site, ...deploy }, `${output.paints.green('✓')} ${deploy.id} serves`);
  },
};

export const siteRemove: CommandSpec = {
  name: 'site remove',
  summary: 'Remove a site and all its deploys from a server',
  details: 'Files of yours are not touched.',
  arguments: [NAME],
  options: [{ flags: '-y, --yes', description: 'do not ask' }],
  examples: [['site remove blog --yes', 'without being asked']],
  async run({ args: [site = ''], options, output, server, world }) {
    const at = await server();
    if (options['yes'] !== true && !(await confirm(world, `Remove ${site} from ${at.url}? [y/N] `))) {
      output.note('Nothing was removed.');
      return EXIT_CODES.refused;
    }
    const answer = await at.json<{ status: string }>(sitePath(site), { method: 'DELETE' });
    output.result(answer, `${output.paints.green('✓')} ${site} is removed`);
    return EXIT_CODES.ok;
  },
};
