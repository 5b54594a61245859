import { createHash } from 'node:crypto';
import net from 'node:net';

export interface Target {
  readonly port: number;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of the body, which is looked at in the first answer of each connection. */
  readonly sha256: string;
}

const HEAD_END = '\r\n\r\n';

/**
 * Asks so many times over so many connections, one after the other on each, with as little work of its own as can be: what is measured is
 * the server. Rejects on the first answer that is not 200 or has other bytes.
 */
export async function keepAsking(
  target: Target,
  { count, connections }: { count: number; connections: number },
): Promise<void> {
  const { port, path, headers = {} } = target;
  const lines = Object.entries({ host: 'localhost', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  const ask = Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  let left = count;
  await Promise.all(
    Array.from({ length: connections }, () => onConnection(port, ask, target.sha256, () => (left -= 1) >= 0)),
  );
}

function onConnection(port: number, ask: Buffer, sha256: string, mayAsk: () => boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    let chunks: Buffer[] = [];
    let got = 0;
    let whole = 0;
    let isChecked = false;
    const next = (): void => {
      chunks = [];
      got = 0;
      whole = 0;
      if (mayAsk()) socket.write(ask);
      else socket.end(() => resolve());
    };
    socket.once('connect', next);
    socket.once('error', reject);
    socket.on('data', (chunk: Buffer) => {
      got += chunk.length;
      if (whole === 0 || !isChecked) chunks.push(chunk);
      if (whole === 0) {
        const said = chunks.length === 1 ? chunk : Buffer.concat(chunks);
        const end = said.indexOf(HEAD_END);
        if (end < 0) return;
        const head = said.toString('latin1', 0, end);
        const length = /\r\ncontent-length: (\d+)/iu.exec(head)?.[1];
        if (!head.startsWith('HTTP/1.1 200') || length === undefined) {
          socket.destroy();
          return reject(new Error(`wrong answer: ${head.slice(0, 200)}`));
        }
        whole = end + HEAD_END.length + Number(length);
      }
      if (got < whole) return;
      if (!isChecked) {
        const said = Buffer.concat(chunks);
        const body = said.subarray(said.indexOf(HEAD_END) + HEAD_END.length);
        isChecked = true;
        if (createHash('sha256').update(body).digest('hex') !== sha256)
          return reject(new Error('other bytes'));
      }
      next();
    });
  });
}
