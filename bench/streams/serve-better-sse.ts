/** better-sse's serving side: every stream is a session of one channel, which broadcasts what is published. */
import http from 'node:http';
import { createChannel, createSession } from 'better-sse';
import { Redis } from 'ioredis';
import { tellPort } from './tell-port.ts';

const channel = createChannel();
const subscriber = new Redis(process.env['REDIS_URL'] ?? '');
subscriber.on('message', (_name: string, message: string) => {
  channel.broadcast(JSON.parse(message) as unknown, 'chat_delta');
});
await subscriber.subscribe('tokens');
const server = http.createServer((request, response) => {
  void createSession(request, response).then((session) => {
    channel.register(session);
    session.push({}, 'ready');
  });
});
tellPort(server);
