/** What all proxies of the figure stand before: small answers, and streams whose frames carry the moment in which they were written. */
import http from 'node:http';
import { tellPort } from '../streams/tell-port.ts';

const FRAME_MS = 20;
const body = Buffer.from(JSON.stringify({ text: 'a'.repeat(1000) }));

/** The clock that all processes of a machine share. */
const frame = (): string => `data: ${process.hrtime.bigint()}\n\n`;

const server = http.createServer((request, response) => {
  if (request.method === 'GET' && request.url?.startsWith('/sse/') === true) {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const timer = setInterval(() => response.write(frame()), FRAME_MS);
    response.once('close', () => clearInterval(timer));
    response.write(frame());
    return;
  }
  request.resume();
  // Not before its body is there: else a body that stands still would be no wait for anybody.
  request.once('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  });
});
server.keepAliveTimeout = 75_000;
// Bodies that never come are the matter of who stands in front.
server.requestTimeout = 0;
tellPort(server);
