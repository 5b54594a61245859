import { request as askHttp } from 'node:http';
import { request as askHttps } from 'node:https';

const POLL_MS = 50;
const REQUEST_MS = 2_000;

export type Scheme = 'http' | 'https';

/**
 * The status of `/health/ready` on a loopback port; undefined: it does not answer. Who answers on this machine's own address has nothing to
 * prove: the certificate is the one that we made.
 */
export const askReady = (port: number, scheme: Scheme, limitMs: number): Promise<number | undefined> =>
  new Promise((resolve) => {
    const asked = (scheme === 'https' ? askHttps : askHttp)({
      host: '127.0.0.1',
      port,
      path: '/health/ready',
      agent: false,
      rejectUnauthorized: false,
      signal: AbortSignal.timeout(limitMs),
    });
    asked.once('response', (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    });
    asked.on('error', () => resolve(undefined));
    asked.end();
  });

/** Waits for `/health/ready` on a loopback port to say 200. */
export const waitReady = async (port: number, limitMs: number, scheme: Scheme = 'http'): Promise<void> => {
  const until = performance.now() + limitMs;
  while ((await askReady(port, scheme, REQUEST_MS)) !== 200) {
    if (performance.now() > until)
      throw new Error(`port ${port} did not become ready within ${limitMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
};
