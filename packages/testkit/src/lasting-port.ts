import { randomInt } from 'node:crypto';
import { isPortFree } from '@switchyard/devstack';

/** Below what Linux and macOS give to outgoing connections (from 32768 and 49152). */
const [LOWEST, HIGHEST] = [12_000, 32_000];
const TRIES = 100;
const given = new Set<number>();

/**
 * A loopback port for a server that dies and comes back: while it is down no outgoing connection of this machine takes its port, as
 * happens to one of `freePort`. Each is given once.
 */
export const lastingPort = async (): Promise<number> => {
  for (let left = TRIES; left > 0; left -= 1) {
    const port = randomInt(LOWEST, HIGHEST);
    if (given.has(port)) continue;
    given.add(port);
    if (await isPortFree(port, '127.0.0.1')) return port;
  }
  throw new Error('no free port below those of outgoing connections');
};
