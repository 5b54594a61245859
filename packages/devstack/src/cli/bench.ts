import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import { runCommand } from './run-command.ts';

const program = (name: string): string => join('bench', name, 'measure.ts');

const listBenches = (root: string): string[] =>
  readdirSync(join(root, 'bench')).filter((name) => existsSync(join(root, program(name))));

/** One folder per figure: bench/<name>/measure.ts, a program that prints its figures. */
export const bench = async ({ root, rest }: Arguments): Promise<number> => {
  const all = listBenches(root);
  const [name] = rest;
  if (name === undefined) {
    console.log(`./dev bench <name>, one of: ${all.join(', ') || 'none yet'}`);
    return 0;
  }
  if (!all.includes(name))
    throw new UsageError(`there is no bench ${name}; there is ${all.join(', ') || 'none yet'}`);
  const { code } = await runCommand(root, ['node', program(name)], { isShown: true });
  return code;
};
