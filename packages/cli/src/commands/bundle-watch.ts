import { watchFolder } from '../watch-folder.ts';
import { requireFolder } from '../folder-files.ts';
import type { CommandContext, CommandSpec } from '../command-spec.ts';
import { failureOf } from '../exit-codes.ts';
import { pushBundle } from '../push-bundle.ts';
import type { Server } from '../server.ts';

export const bundleWatch: CommandSpec = {
  name: 'bundle watch',
  summary: 'Upload a bundle at each change of its folder',
  details:
    'Says for each change which version serves and how long that took, from the change to the moment when new messages are answered by it. A version that does not load changes nothing: the reason is printed, and the former one goes on. Ctrl-C ends it.',
  arguments: [{ name: '[folder]', description: 'the folder of the bundle (where you stand)' }],
  examples: [
    ['bundle watch', 'the bundle in this folder'],
    ['bundle watch ./weather --json', 'one JSON line for each version, for a script'],
  ],
  async run(context) {
    const { args, output, signal, server, world } = context;
    const folder = await requireFolder(world.cwd, args[0] ?? '.');
    const to = await server();
    const changes = watchFolder(folder, signal, world.now);
    await pushOnce(context, to, folder, world.now());
    if (!output.isJson) output.note(output.paints.dim(`${folder} is watched; Ctrl-C ends it`));
    for await (const since of changes) await pushOnce(context, to, folder, since);
  },
};

/** A push that fails is told and waits for the next change: the author is about to mend it. */
async function pushOnce(
  { output, signal, world }: CommandContext,
  server: Server,
  folder: string,
  since: number,
): Promise<void> {
  const { bold, dim, green, red } = output.paints;
  try {
    const { status, version } = await pushBundle(server, folder);
    const ms = Math.round(world.now() - since);
    const text = `${green('✓')} ${bold(version)} ${dim(`${status === 'ok' ? 'serves' : 'unchanged'} after ${ms} ms`)}`;
    output.result({ status, version, ms }, text);
  } catch (error) {
    if (signal.aborted) return;
    const { text, details } = failureOf(error, server.url);
    output.result({ status: 'error', ...details }, `${red('✗')} ${text}`);
  }
}
