import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import { runCommand } from './run-command.ts';

const SUFFIX = '.bench.ts';

const listBenches = (root: string): string[] =>
  readdirSync(join(root, 'bench'))
    .filter((file) => file.endsWith(SUFFIX))
    .map((file) => file.slice(0, -SUFFIX.length));

/** One file per figure: bench/<name>.bench.ts, a program that prints its figures. */
export const bench = async ({ root, rest }: Arguments): Promise<number> => {
  const all = listBenches(root);
  const [name] = rest;
  if (name === undefined) {
    console.log(`./dev bench <name>, one of: ${all.join(', ') || 'none yet'}`);
    return 0;
  }
  if (!all.includes(name))
    throw new UsageError(`there is no bench ${name}; there is ${all.join(', ') || 'none yet'}`);
  const { code } = await runCommand(root, ['node', join('bench', `${name}${SUFFIX}`)], { isShown: true });
  return code;
};
