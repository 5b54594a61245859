import { requireFolder } from '../folder-files.ts';
import type { CommandSpec } from '../command-spec.ts';
import { pushBundle } from '../push-bundle.ts';

export const bundlePush: CommandSpec = {
  name: 'bundle push',
  summary: 'Upload a bundle and have its new version serve',
  details:
    'Packs the folder as a tar.gz without node_modules, names that begin with a dot and what .switchyardignore names (patterns as in a .gitignore). The new version is started and inspected before it takes over; when that fails the former one goes on, the reason is printed, and the exit code is 1. Running answers end on the version that they began with.',
  arguments: [{ name: '[folder]', description: 'the folder of the bundle (where you stand)' }],
  examples: [
    ['bundle push', 'the bundle in this folder'],
    ['bundle push ./weather --profile staging', 'a bundle to another server'],
  ],
  async run({ args, output, server, world }) {
    const folder = await requireFolder(world.cwd, args[0] ?? '.');
    const start = world.now();
    const pushed = await pushBundle(await server(), folder);
    const ms = Math.round(world.now() - start);
    const { bold, dim, green } = output.paints;
    const did = pushed.status === 'ok' ? 'serves now' : 'served already';
    output.result({ ...pushed, ms }, `${green('✓')} ${bold(pushed.version)} ${did} ${dim(`(${ms} ms)`)}`);
  },
};
