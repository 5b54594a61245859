import { randomBytes } from 'node:crypto';
import { listen } from '@switchyard/http';

export interface StatusListener {
  /** An address for one host, with a secret in its path. `told` is called for each status, whatever it is. */
  open(told: () => void): { readonly url: string; close(): void };
  close(): Promise<void>;
}

const SECRET_BYTES = 24;

/** Where Python hosts say that there is something to look at: loopback, and nothing that they say is believed. */
export async function createStatusListener(): Promise<StatusListener> {
  const hosts = new Map<string, () => void>();
  const server = await listen(
    (req, res) => {
      req.resume();
      const told = req.method === 'POST' ? hosts.get(req.url ?? '') : undefined;
      res.statusCode = told === undefined ? 404 : 204;
      req.once('end', () => {
        res.end();
        told?.();
      });
    },
    { port: 0, host: '127.0.0.1' },
  );
  return {
    open(told) {
      const path = `/hosts/${randomBytes(SECRET_BYTES).toString('base64url')}`;
      hosts.set(path, told);
      return { url: `http://127.0.0.1:${server.port}${path}`, close: () => void hosts.delete(path) };
    },
    close: () => server.close(0),
  };
}
