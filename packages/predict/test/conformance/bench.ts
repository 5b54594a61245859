import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http';
import { readFile, readdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { buffer } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { makeTar } from '../make-tar.ts';

export interface Delivery {
  readonly headers: IncomingHttpHeaders;
  readonly body: Record<string, unknown>;
}

export interface Upload {
  readonly name: string;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** What a case needs beside the server: a receiver of webhooks, files to download, a place to upload to. */
export interface Bench {
  readonly port: number;
  readonly places: Record<string, string>;
  readonly deliveries: Map<string, Delivery[]>;
  readonly uploads: Upload[];
  close(): Promise<void>;
}

export async function openBench(): Promise<Bench> {
  const deliveries = new Map<string, Delivery[]>();
  const uploads: Upload[] = [];
  const refusals = new Map<string, number>();
  const server: Server = createServer((req, res) => {
    void (async () => {
      const { pathname } = new URL(req.url ?? '/', 'http://bench');
      const bytes = await buffer(req);
      const [, place = '', key = ''] = pathname.split('/');
      if (place === 'webhooks') {
        // `busy-...`: two refusals that pass; `gone-...`: one that does not.
        const refused = refusals.get(key) ?? 0;
        refusals.set(key, refused + 1);
        if (key.startsWith('busy-') && JSON.parse(bytes.toString())['completed_at'] && refused < 3)
          return res.writeHead(503).end();
        deliveries.set(key, [
          ...(deliveries.get(key) ?? []),
          { headers: req.headers, body: JSON.parse(bytes.toString()) },
        ]);
        return res.writeHead(key.startsWith('gone-') ? 410 : 200).end();
      }
      if (place === 'uploads') {
        if (key.startsWith('refuse')) return res.writeHead(403).end();
        const name = pathname.slice(pathname.lastIndexOf('/') + 1);
        uploads.push({ name, headers: req.headers, text: bytes.toString() });
        return res.writeHead(201, { location: `https://files.example/${name}` }).end();
      }
      // `archives/{kind}/{predictor}.tgz`: the folders beside this one as archives.
      if (place === 'archives') return sendArchive(pathname, req, res);
      if (pathname === '/files/moved.txt') return res.writeHead(302, { location: '/files/hello.txt' }).end();
      if (pathname === '/files/inside.txt')
        return res.writeHead(302, { location: 'http://127.0.0.1:9/secret' }).end();
      if (pathname === '/files/hello.txt') return res.end('hello file');
      if (pathname === '/files/large.bin') return res.end(Buffer.alloc(200_000));
      return res.writeHead(404).end();
    })();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;
  return {
    port,
    places: {
      webhooks: `${url}/webhooks`,
      files: `${url}/files`,
      uploads: `${url}/uploads`,
      archives: `${url}/archives`,
      host: `127.0.0.1:${port}`,
      sources: pathToFileURL(path.join(import.meta.dirname, '../predictors')).href,
    },
    deliveries,
    uploads,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

async function sendArchive(pathname: string, req: IncomingMessage, res: ServerResponse): Promise<unknown> {
  const name = /^\/archives\/((?:ts|py)\/\w+|none)\.tgz$/u.exec(pathname)?.[1];
  const dir = path.join(import.meta.dirname, name === 'none' ? 'cases' : `../predictors/${name ?? ''}`);
  const files = name === undefined ? [] : await readdir(dir).catch(() => []);
  if (files.length === 0) return res.writeHead(404).end();
  const tag = `"${name}"`;
  if (req.headers['if-none-match'] === tag) return res.writeHead(304).end();
  const entries = files.map(async (file) => ({ path: file, content: await readFile(path.join(dir, file)) }));
  return res.writeHead(200, { etag: tag }).end(await makeTar(await Promise.all(entries)));
}
