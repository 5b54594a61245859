import { connect } from 'node:net';
import express from 'express';
import { expect, it } from 'vitest';
import { listen } from './listen.ts';
import { sendJson } from './send-json.ts';

const VALUES = [
  { a: [1, 'ü\u2028', null], b: { c: undefined } },
  'text',
  0,
  null,
  { long: 'ü'.repeat(2000) },
];

/** What comes back, byte for byte but for the date. */
function ask(port: number, method: string, path: string, header: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = `${method} ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n${header}content-length: 0\r\n\r\n`;
    const socket = connect(port, '127.0.0.1', () => void socket.write(request));
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => void chunks.push(chunk));
    socket.on('error', reject);
    socket.on('close', () =>
      resolve(
        Buffer.concat(chunks)
          .toString('utf8')
          .replace(/^date:.*$/im, 'Date'),
      ),
    );
  });
}

it.each(['POST', 'GET', 'HEAD'])('writes to %s what express writes', async (method) => {
  const app = express();
  app.disable('etag');
  app.all('/express/:at', (req, res) => void res.status(201).json(VALUES[Number(req.params.at)]));
  app.all('/ours/:at', (req, res) => sendJson(res.status(201), VALUES[Number(req.params.at)]));
  const { port, close } = await listen(app, { port: 0, host: '127.0.0.1' });
  try {
    for (const header of ['', 'if-none-match: *\r\n'])
      for (const at of VALUES.keys()) {
        const wanted = await ask(port, method, `/express/${at}`, header);
        expect(await ask(port, method, `/ours/${at}`, header)).toBe(wanted);
        expect(wanted).toContain('HTTP/1.1 ');
      }
  } finally {
    await close(0);
  }
});
