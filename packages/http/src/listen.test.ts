import { Agent, request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { listen } from './listen.ts';

const get = (port: number, agent: Agent) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    request({ port, agent }, resolve).on('error', reject).end();
  });

it('closes at once when only idle keep-alive sockets are left', async () => {
  const listening = await listen((_req, res) => void res.end('ok'), { port: 0, host: '127.0.0.1' });
  const agent = new Agent({ keepAlive: true });
  const answer = await get(listening.port, agent);
  answer.resume();
  await once(answer, 'end');
  const startedAt = performance.now();
  await listening.close(10_000);
  expect(performance.now() - startedAt).toBeLessThan(5000);
  agent.destroy();
});

it('lets a request under way finish, and then ends its connection', async () => {
  let finish: () => void = () => undefined;
  const listening = await listen(
    (_req, res) => {
      finish = () => void res.end('done');
      res.write('begun ');
    },
    { port: 0, host: '127.0.0.1' },
  );
  const agent = new Agent({ keepAlive: true });
  const answer = await get(listening.port, agent);
  const closed = listening.close(10_000);
  finish();
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  await closed;
  expect(text).toBe('begun done');
  agent.destroy();
});

it('destroys what does not end in time, also a socket that never sent a request', async () => {
  const listening = await listen((_req, res) => void res.write('for ever'), { port: 0, host: '127.0.0.1' });
  const agent = new Agent();
  const answer = await get(listening.port, agent);
  answer.on('error', () => undefined).resume();
  const silent = connect(listening.port, '127.0.0.1');
  await once(silent, 'connect');
  await listening.close(50);
  expect(listening.server.listening).toBe(false);
  silent.destroy();
  agent.destroy();
});
