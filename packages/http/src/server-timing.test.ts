import express from 'express';
import { afterEach, expect, it } from 'vitest';
import { createAppMessages } from './app-messages.ts';
import { listen } from './listen.ts';
import type { Listening } from './listen.ts';
import { elapsedMs, sayServerTiming, timePart } from './server-timing.ts';
import { SseConnection } from './sse-connection.ts';

const open: Listening[] = [];
afterEach(async () => {
  for (const listening of open.splice(0)) await listening.close(0);
});

/** A clock of which every look is ten milliseconds later. */
function createClock() {
  let ms = 0;
  return { now: () => 0, monotonic: () => (ms += 10) };
}

async function start() {
  const app = express();
  const begin = sayServerTiming(app, 'ingress', createClock());
  app.use((req, res, next) => {
    begin(req, res);
    next();
  });
  app.get('/json', (_req, res) => void res.json({}));
  app.get('/parts', (_req, res) => {
    timePart(res, 'accept', 1.25);
    timePart(res, 'other', -3);
    res.json({ elapsed: elapsedMs(res) });
  });
  app.get('/head', (_req, res) => void res.writeHead(204, { 'X-Own': '1' }).end());
  app.get('/fails', () => {
    throw new Error('no');
  });
  app.get('/stream', (_req, res) => new SseConnection(res).close({ event: 'bye', data: '{}' }));
  const listening = await listen(app, { port: 0, host: '127.0.0.1' });
  open.push(listening);
  return (path: string) => fetch(`http://127.0.0.1:${listening.port}${path}`);
}

it('is in every answer, however its headers go out', async () => {
  const get = await start();
  for (const path of ['/json', '/head', '/fails', '/stream', '/unknown']) {
    const answer = await get(path);
    await answer.text();
    expect(answer.headers.get('server-timing'), path).toBe('ingress;dur=10.0');
  }
  expect((await get('/head')).headers.get('x-own')).toBe('1');
});

it('has the parts that a handler adds, none below nothing', async () => {
  const answer = await (await start())('/parts');
  expect(await answer.json()).toEqual({ elapsed: 10 });
  expect(answer.headers.get('server-timing')).toBe('ingress;dur=20.0, accept;dur=1.3, other;dur=0.0');
});

it('what is answered ahead of the app with its messages says nothing of timing', async () => {
  const app = express();
  sayServerTiming(app, 'ingress', createClock());
  const listening = await listen((_req, res) => void res.writeHead(204, { 'X-Own': '1' }).end(), {
    port: 0,
    host: '127.0.0.1',
    messages: createAppMessages(app),
  });
  open.push(listening);
  const answer = await fetch(`http://127.0.0.1:${listening.port}/`);
  expect([answer.status, answer.headers.get('x-own'), answer.headers.get('server-timing')]).toEqual([
    204,
    '1',
    null,
  ]);
});
