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

/** A loopback port that was free a moment ago. */
export const freePort = async (): Promise<number> => {
  const port = await tryListen(0, '127.0.0.1');
  if (port === undefined) throw new Error('no free port on 127.0.0.1');
  return port;
};

export const isPortFree = async (port: number, host = '127.0.0.1'): Promise<boolean> =>
  (await tryListen(port, host)) !== undefined;
