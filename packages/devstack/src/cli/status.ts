import { openDataFolder } from '../data-folder.ts';
import { isAlive } from '../process-identity.ts';
import { isRunning, readRunFile } from '../run-file.ts';
import { SERVICE_NAMES } from '../service-catalog.ts';
import type { ServiceName } from '../service-catalog.ts';
import { askReady } from '../wait-ready.ts';
import type { Scheme } from '../wait-ready.ts';
import type { Arguments } from './arguments.ts';
import { paints } from './progress.ts';

const HEALTH_MS = 3_000;

const isService = (name: string): name is ServiceName => (SERVICE_NAMES as readonly string[]).includes(name);

const readiness = async (port: number, scheme: Scheme): Promise<string> => {
  const answered = await askReady(port, scheme, HEALTH_MS);
  if (answered === undefined) return paints.red('does not answer');
  return answered === 200 ? paints.green('ready') : paints.yellow(`not ready (${answered})`);
};

const NAME_WIDTH = 14;

/** Exit code 0 when a stack runs and everything in it lives. */
export const status = async (args: Arguments): Promise<number> => {
  const data = await openDataFolder(args.dataDir);
  const state = await readRunFile(data.runFile);
  if (!state) {
    console.log('Nothing is running. ./dev up starts it.');
    return 1;
  }
  const isUp = isRunning(state);
  console.log(
    isUp
      ? `Running at ${paints.bold(state.url)} since ${state.startedAt}`
      : paints.red('The launcher is gone.'),
  );
  let areAllAlive = isUp;
  for (const { name, identity } of state.processes) {
    const lives = isAlive(identity);
    areAllAlive &&= lives;
    const port = isService(name) ? state.ports[name] : undefined;
    const how = !lives
      ? paints.red('gone')
      : port === undefined
        ? paints.green('runs')
        : await readiness(port, name === 'web-proxy' && state.url.startsWith('https:') ? 'https' : 'http');
    console.log(
      `  ${name.padEnd(NAME_WIDTH)}pid ${String(identity.pid).padEnd(9)}${port === undefined ? '' : `port ${port}  `}${how}`,
    );
  }
  if (!areAllAlive) console.log('./dev down clears up, ./dev up starts again.');
  return areAllAlive ? 0 : 1;
};
