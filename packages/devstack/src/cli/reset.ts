import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { postgresFolder } from '../data-folder.ts';
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
  const database = postgresFolder(args.dataDir);
  const folders = [...new Set([args.dataDir, database])];
  console.log(`This removes every conversation, account and file in ${folders.join(' and ')}.`);
  if (!args.isConfirmed && !(await confirm('Remove it? [y/N] '))) {
    console.log('Nothing was removed.');
    return 1;
  }
  if (state) await endLeftovers(state);
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
  console.log('Removed. ./dev up starts afresh.');
  return 0;
};
