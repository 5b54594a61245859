import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface Heard {
  method: string | undefined;
  path: string | undefined;
  headers: IncomingMessage['headers'];
  body: unknown;
}

export interface HookServer {
  url: string;
  heard: Heard[];
  /** What the next requests are answered with; without one the server is silent. */
  answer: { status: number; body: unknown } | 'silence';
  close(): Promise<void>;
}

const TLS_DIR = join(import.meta.dirname, 'tls');
/** For localhost, signed by itself; made for these tests and used nowhere else. */
export const TEST_CERTIFICATE = readFileSync(join(TLS_DIR, 'localhost.crt'), 'utf8');

/** An agent or an API server as the hooks meet it: it keeps what it is told and answers as the test says. */
export async function startHookServer(
  scheme: 'http' | 'https',
  answer: HookServer['answer'],
): Promise<HookServer> {
  const heard: Heard[] = [];
  const state: HookServer = { url: '', heard, answer, close: () => Promise.resolve() };
  const listener: RequestListener = (req, res) => {
    const chunks: Buffer[] = [];
    req.on('data', (chunk: Buffer) => chunks.push(chunk));
    req.on('end', () => {
      const { method, url: path, headers } = req;
      heard.push({ method, path, headers, body: JSON.parse(Buffer.concat(chunks).toString()) as unknown });
      if (state.answer === 'silence') return;
      res.writeHead(state.answer.status, { 'content-type': 'application/json' });
      res.end(JSON.stringify(state.answer.body));
    });
  };
  const server: Server =
    scheme === 'http'
      ? createHttpServer(listener)
      : createHttpsServer(
          { cert: TEST_CERTIFICATE, key: readFileSync(join(TLS_DIR, 'localhost.key')) },
          listener,
        );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  state.url = `${scheme}://localhost:${(server.address() as AddressInfo).port}`;
  state.close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return state;
}
