import type { CommandSpec } from '../command-spec.ts';
import { EXIT_CODES, Refused, withoutStack } from '../exit-codes.ts';
import { formerVersion } from '../former-version.ts';
import type { VersionView } from '../former-version.ts';
import { formatTable } from '../output.ts';
import { confirm } from '../prompts.ts';
import { BUNDLES, bundlePath } from '../push-bundle.ts';

interface Issue {
  readonly version_id: string;
  readonly error: string;
}

interface BundleView {
  readonly bundle_id: string;
  readonly name: string | null;
  readonly active_version: string | null;
  readonly is_default: boolean;
  readonly error: Issue | null;
  readonly worker_error: Issue | null;
}

const NAME = { name: '<bundle>', description: 'the id of the bundle' };

export const bundleList: CommandSpec = {
  name: 'bundle list',
  summary: 'List the bundles of a server, what serves and what is wrong',
  examples: [
    ['bundle list', 'all bundles'],
    ['bundle list --json', 'one JSON line with everything that the server knows'],
  ],
  async run({ output, server }) {
    const list = await (await server()).json<{ bundles: BundleView[] }>(BUNDLES);
    output.result(list, () => {
      const rows = list.bundles.map((one) => [
        one.bundle_id,
        one.active_version ?? 'nothing serves',
        one.is_default ? 'default' : '',
      ]);
      const faults = list.bundles.flatMap(({ bundle_id, error, worker_error }) =>
        [error, worker_error]
          .filter((issue) => issue !== null)
          .map((issue) => output.paints.red(`✗ ${bundle_id}: ${withoutStack(issue.error)}`)),
      );
      return [formatTable([['BUNDLE', 'SERVES', ''], ...rows]), ...faults].join('\n');
    });
  },
};

export const bundleVersions: CommandSpec = {
  name: 'bundle versions',
  summary: 'List the versions of a bundle, newest first',
  arguments: [NAME],
  examples: [['bundle versions weather', 'what there is to roll back to']],
  async run({ args: [bundle = ''], output, server }) {
    const list = await (await server()).json<{ versions: VersionView[] }>(bundlePath(bundle, 'versions'));
    output.result(list, () =>
      formatTable([
        ['', 'VERSION', 'MADE', 'STATE'],
        ...list.versions.map(({ version, status, is_active, error, created_at }) => [
          is_active ? '*' : '',
          version,
          created_at,
          error === null ? status : `${status}: ${firstLine(withoutStack(error))}`,
        ]),
      ]),
    );
  },
};

/** A table has one line for each; `bundle list` has all of it for the newest. */
function firstLine(text: string): string {
  return text.split('\n')[0] ?? '';
}

export const bundleRollback: CommandSpec = {
  name: 'bundle rollback',
  summary: 'Have a former version of a bundle serve again',
  details:
    'It is started and inspected before it takes over, as a new one is. Without a version, the one that served before it: said twice, it is where you were.',
  arguments: [NAME, { name: '[version]', description: 'as "bundle versions" lists it' }],
  examples: [
    ['bundle rollback weather', 'the version that served before this one'],
    ['bundle rollback weather weather__upload__0a1b2c', 'a certain one'],
  ],
  async run({ args: [bundle = '', named], output, server }) {
    const at = await server();
    const version =
      named ??
      formerVersion((await at.json<{ versions: VersionView[] }>(bundlePath(bundle, 'versions'))).versions);
    if (version === undefined) throw new Refused(`${bundle} has no former version that could serve.`);
    const body = { version };
    const answer = await at.json<{ status: string }>(bundlePath(bundle, 'rollback'), {
      method: 'POST',
      body,
    });
    output.result(answer, `${output.paints.green('✓')} ${version} serves`);
  },
};

export const bundleRemove: CommandSpec = {
  name: 'bundle remove',
  summary: 'Remove a bundle and all its versions from a server',
  details: 'Files of yours are not touched. Answers that run end as they are.',
  arguments: [NAME],
  options: [{ flags: '-y, --yes', description: 'do not ask' }],
  examples: [['bundle remove weather --yes', 'without being asked']],
  async run({ args: [bundle = ''], options, output, server, world }) {
    const at = await server();
    if (options['yes'] !== true && !(await confirm(world, `Remove ${bundle} from ${at.url}? [y/N] `))) {
      output.note('Nothing was removed.');
      return EXIT_CODES.refused;
    }
    const answer = await at.json<{ status: string }>(bundlePath(bundle), { method: 'DELETE' });
    output.result(answer, `${output.paints.green('✓')} ${bundle} is removed`);
    return EXIT_CODES.ok;
  },
};
