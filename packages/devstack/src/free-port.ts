import { createServer } from 'node:net';

const tryListen = (port: number, host: string): Promise<number | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : undefined));
    });
  });

const ATTEMPTS = 100;
/** By this process: one that nobody listens on yet the system gives again, now and then to whoever asks next. */
const given = new Set<number>();

/** A loopback port that was free a moment ago, and another one at each call. */
export const freePort = async (): Promise<number> => {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const port = await tryListen(0, '127.0.0.1');
    if (port === undefined || given.has(port)) continue;
    given.add(port);
    return port;
  }
  throw new Error('no free port on 127.0.0.1');
};

export const isPortFree = async (port: number, host = '127.0.0.1'): Promise<boolean> =>
  (await tryListen(port, host)) !== undefined;
