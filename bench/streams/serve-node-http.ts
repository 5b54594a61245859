/** The least that an event stream can be: node:http, headers, a frame, a set of responses, a comment every three seconds as ours. */
import http from 'node:http';
import { tellPort } from './tell-port.ts';

const open = new Set<http.ServerResponse>();
const server = http.createServer((request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  open.add(response);
  request.on('close', () => open.delete(response));
  response.write('event: ready\ndata: {}\n\n');
});
setInterval(() => {
  for (const response of open) response.write(': keepalive\n\n');
}, 3000);
tellPort(server);
