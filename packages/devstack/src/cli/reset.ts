import { createInterface } from 'node:readline/promises';
import { isDataFolder, postgresFolder, removeDataFolder } from '../data-folder.ts';
import { endLeftovers, isRunning, readRunFile } from '../run-file.ts';
import { UsageError } from './arguments.ts';
import type { Arguments } from './arguments.ts';

const confirm = async (question: string): Promise<boolean> => {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
};

export const reset = async (args: Arguments): Promise<number> => {
  const state = await readRunFile(`${args.dataDir}/run.json`);
  if (state && isRunning(state)) throw new UsageError('a stack is running on this data; ./dev down ends it');
  if (!isDataFolder(args.dataDir)) {
    console.log(`There is no data in ${args.dataDir}.`);
    return 0;
  }
  const folders = [args.dataDir, postgresFolder(args.dataDir)];
  console.log(`This removes every conversation, account and file in ${folders.join(' and ')}.`);
  if (!args.isConfirmed && !(await confirm('Remove it? [y/N] '))) {
    console.log('Nothing was removed.');
    return 1;
  }
  if (state) await endLeftovers(state);
  await removeDataFolder(args.dataDir);
  console.log('Removed. ./dev up starts afresh.');
  return 0;
};
