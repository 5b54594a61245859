import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openDataFolder } from '../data-folder.ts';
import type { DataFolder } from '../data-folder.ts';
import { isPortFree } from '../free-port.ts';
import { endLeftovers, isRunning, readRunFile, removeRunFile } from '../run-file.ts';
import { PORT_NAMES } from '../service-catalog.ts';
import { UsageError, portFlag } from './arguments.ts';
import type { Arguments } from './arguments.ts';
import { paints } from './progress.ts';
import { supervise } from './supervise.ts';

const checkPorts = async (args: Arguments): Promise<void> => {
  for (const service of PORT_NAMES) {
    const port = args.ports[service];
    if (await isPortFree(port)) continue;
    throw new UsageError(
      `port ${port} (${service}) is taken by another program; choose one with ${portFlag(service)} N`,
    );
  }
};

/** What a killed launcher left behind would hold the data folder: it is ended first. */
const cleanUp = async (data: DataFolder): Promise<void> => {
  const state = await readRunFile(data.runFile);
  if (!state) return;
  const ended = await endLeftovers(state);
  if (ended.length > 0) console.log(`  ended what an earlier run had left: ${ended.join(', ')}`);
  await removeRunFile(data.runFile);
};

interface LauncherMessage {
  say?: string;
  up?: true;
}

/** The background half: the same program with `--supervise`; this half shows its progress and leaves when it is up. */
const detach = (args: Arguments, data: DataFolder): Promise<number> => {
  const log = openSync(join(data.logs, 'launcher.log'), 'a', 0o600);
  const program = fileURLToPath(new URL('./main.ts', import.meta.url));
  const child = spawn(process.execPath, [program, ...process.argv.slice(2), '--supervise'], {
    cwd: args.root,
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: process.env,
  });
  closeSync(log);
  return new Promise((resolve) => {
    const interrupt = (): void => void child.kill('SIGTERM');
    process.once('SIGINT', interrupt);
    child.on('message', ({ say, up: isUp }: LauncherMessage) => {
      if (say !== undefined) console.log(say);
      if (isUp !== true) return;
      console.log(
        `\nRunning in the background. ${paints.bold('./dev status')}, ${paints.bold('./dev logs')}, ${paints.bold('./dev down')}`,
      );
      process.off('SIGINT', interrupt);
      child.disconnect();
      child.unref();
      resolve(0);
    });
    child.once('exit', (code) => resolve(code ?? 1));
  });
};

export const up = async (args: Arguments): Promise<number> => {
  const data = await openDataFolder(args.dataDir);
  if (args.isSupervising) return supervise(args, data);
  const state = await readRunFile(data.runFile);
  if (state && isRunning(state)) {
    const how = state.isUp ? 'Already running' : 'Already starting';
    console.log(`${how} at ${paints.bold(state.url)}. ./dev status says more, ./dev down ends it.`);
    return 0;
  }
  await cleanUp(data);
  await checkPorts(args);
  return args.isDetached ? detach(args, data) : supervise(args, data);
};
