/** The peer: http-proxy-3 with kept connections, and nothing else. */
import http from 'node:http';
import httpProxy from 'http-proxy';
import { tellPort } from '../streams/tell-port.ts';

const target = process.env['UPSTREAM_URL'] ?? '';
const agent = new http.Agent({ keepAlive: true });
const proxy = httpProxy.createProxyServer({ target, agent });
proxy.on('error', (_error, _request, response) => void response.end());
const server = http.createServer((request, response) => proxy.web(request, response));
server.keepAliveTimeout = 75_000;
server.headersTimeout = 600_000;
server.requestTimeout = 0;
tellPort(server);
