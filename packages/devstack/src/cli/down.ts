import { openDataFolder } from '../data-folder.ts';
import { endProcess } from '../process-identity.ts';
import { endLeftovers, isRunning, readRunFile, removeRunFile } from '../run-file.ts';
import type { Arguments } from './arguments.ts';
import { seconds } from './progress.ts';

/** The launcher ends its children one after another; this is all their grace times and then some. */
const LAUNCHER_MS = 120_000;

export const down = async (args: Arguments): Promise<number> => {
  const data = await openDataFolder(args.dataDir);
  const state = await readRunFile(data.runFile);
  if (!state) {
    console.log('Nothing is running.');
    return 0;
  }
  const start = performance.now();
  if (isRunning(state)) {
    console.log('Ending the stack, in order ...');
    await endProcess(state.launcher, 'SIGTERM', LAUNCHER_MS);
  }
  const left = await endLeftovers(state);
  if (left.length > 0) console.log(`Ended what was left of it: ${left.join(', ')}`);
  await removeRunFile(data.runFile);
  console.log(
    `Ended after ${seconds(performance.now() - start)}. The data is kept; ./dev up goes on with it.`,
  );
  return 0;
};
